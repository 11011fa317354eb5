// HTTP/1.1 on a raw socket. It uses a fraction of the CPU time of node:http or fetch, so that the cores that it shares
// with the servers are available to them.

import { once } from "node:events";
import { connect } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");

/** A kept-alive connection. Requests can be pipelined: responses arrive in their order. */
export class HttpConnection {
  #socket;
  #headers;
  #waiting = [];
  #received = Buffer.alloc(0);

  /**
   * @param {string} url such as `http://127.0.0.1:4000`
   * @param {Record<string, string>} [headers] of every request
   */
  static async open(url, headers = {}) {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setNoDelay(true);
    await once(socket, "connect");
    return new HttpConnection(socket, `${hostname}:${port}`, headers);
  }

  constructor(socket, host, headers) {
    this.#socket = socket;
    const all = { host, ...headers };
    this.#headers = Object.entries(all)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  /** Resolves with the body. Rejects if the status is not 200. */
  get(path) {
    return this.#send(`GET ${path} HTTP/1.1\r\n${this.#headers}\r\n`);
  }

  /** Resolves with the body. Rejects if the status is not 200. */
  post(path, body) {
    const length = Buffer.byteLength(body);
    return this.#send(
      `POST ${path} HTTP/1.1\r\n${this.#headers}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
    );
  }

  close() {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #send(text) {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("The connection is closed."));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(text);
    });
  }

  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #read(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (;;) {
      const end = this.#received.indexOf(headEnd);
      if (end === -1) return;
      const head = this.#received.latin1Slice(0, end).toLowerCase();
      const found = /\r\ncontent-length: *(\d+)/.exec(head);
      const read = found
        ? readSized(this.#received, end + 4, Number(found[1]))
        : readChunks(this.#received, end + 4);
      if (read === undefined) return;
      this.#received = this.#received.subarray(read.end);
      const { resolve, reject } = this.#waiting.shift();
      if (head.startsWith("http/1.1 200")) resolve(read.body);
      else reject(new Error(`${head.split("\r\n", 1)[0]}: ${read.body}`));
    }
  }
}

function readSized(buffer, begin, length) {
  const end = begin + length;
  return buffer.length < end ? undefined : { body: buffer.toString("utf8", begin, end), end };
}

function readChunks(buffer, begin) {
  const parts = [];
  for (let at = begin; ;) {
    const line = buffer.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const length = Number.parseInt(buffer.latin1Slice(at, line), 16);
    const end = line + 2 + length + 2;
    if (buffer.length < end) return undefined;
    if (length === 0) return { body: Buffer.concat(parts).toString(), end };
    parts.push(buffer.subarray(line + 2, end - 2));
    at = end;
  }
}
