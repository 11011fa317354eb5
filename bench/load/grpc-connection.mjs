// gRPC on a raw socket: only the HTTP/2 frames that etcd needs. The npm client (etcd3 on grpc-js) uses several times
// the CPU time of etcd, so a benchmark with it would measure the client.

import { once } from "node:events";
import { connect } from "node:net";

const frames = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 };
const endStream = 1;
const endHeaders = 4;
const acknowledged = 1;
const frameHeadBytes = 9;
const messageHeadBytes = 5;
const widestWindow = 0x7f_ff_ff_ff;

/** Requests are small, so the windows of the server, at least 64 KiB and reopened as it reads, are never full. */
export class GrpcConnection {
  #socket;
  #host;
  #received = Buffer.alloc(0);
  #streams = new Map();
  #lastStream = -1;
  #heads = new Map();

  /** @param {string} url such as `http://127.0.0.1:2379` */
  static async open(url) {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname).setNoDelay(true);
    await once(socket, "connect");
    return new GrpcConnection(socket, host);
  }

  constructor(socket, host) {
    this.#socket = socket;
    this.#host = host;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    // Initial window of each stream (4), and then of the connection: the server never waits for this client.
    const settings = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]);
    this.#write(frames.settings, 0, 0, settings);
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(widestWindow - 65_535);
    this.#write(frames.windowUpdate, 0, 0, increment);
  }

  /** Resolves with the response's message. Rejects if there is none, as with every gRPC error. */
  call(method, message) {
    return new Promise((resolve, reject) => {
      let answer;
      const end = () => (answer ? resolve(answer) : reject(new Error(`${method} was refused.`)));
      const next = (part) => (answer = part);
      this.#start(method, message, endStream, { next, end, fail: reject });
    });
  }

  /** Sends one message and leaves the stream open. */
  stream(method, message, next, fail) {
    const end = () => fail(new Error(`${method} ended.`));
    this.#start(method, message, 0, { next, end, fail });
  }

  close() {
    this.#streams.clear();
    this.#socket.destroy();
  }

  #start(method, message, flags, handlers) {
    this.#lastStream += 2;
    const id = this.#lastStream;
    this.#streams.set(id, { ...handlers, received: Buffer.alloc(0) });
    const head = this.#headOf(method);
    const length = messageHeadBytes + message.length;
    const all = Buffer.alloc(frameHeadBytes * 2 + head.length + length);
    writeFrameHead(all, 0, head.length, frames.headers, endHeaders, id);
    head.copy(all, frameHeadBytes);
    const at = frameHeadBytes + head.length;
    writeFrameHead(all, at, length, frames.data, flags, id);
    all.writeUInt32BE(message.length, at + frameHeadBytes + 1);
    message.copy(all, at + frameHeadBytes + messageHeadBytes);
    this.#socket.write(all);
  }

  /** HPACK without dynamic tables: the indexes used here are in the static table. */
  #headOf(method) {
    const known = this.#heads.get(method);
    if (known) return known;
    const text = (value) => [value.length, ...Buffer.from(value)];
    const postOverHttp = [0x83, 0x86];
    const path = [0x04, ...text(method)];
    const authority = [0x01, ...text(this.#host)];
    const contentType = [0x0f, 0x10, ...text("application/grpc")];
    const te = [0x00, ...text("te"), ...text("trailers")];
    const head = Buffer.from([postOverHttp, path, authority, contentType, te].flat());
    this.#heads.set(method, head);
    return head;
  }

  #write(type, flags, id, payload) {
    const frame = Buffer.alloc(frameHeadBytes + payload.length);
    writeFrameHead(frame, 0, payload.length, type, flags, id);
    payload.copy(frame, frameHeadBytes);
    this.#socket.write(frame);
  }

  #fail(error) {
    for (const { fail } of this.#streams.values()) fail(error);
    this.#streams.clear();
  }

  #read(chunk) {
    const buffer = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let at = 0;
    while (buffer.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + buffer.readUIntBE(at, 3);
      if (buffer.length < end) break;
      this.#receive(
        buffer[at + 3],
        buffer[at + 4],
        buffer.readUInt32BE(at + 5),
        buffer.subarray(at + frameHeadBytes, end),
      );
      at = end;
    }
    this.#received = buffer.subarray(at);
  }

  #receive(type, flags, id, payload) {
    if (type === frames.settings && flags !== acknowledged) {
      this.#write(frames.settings, acknowledged, 0, Buffer.alloc(0));
    } else if (type === frames.ping && flags !== acknowledged) {
      this.#write(frames.ping, acknowledged, 0, payload);
    } else if (type === frames.goAway) {
      this.#fail(new Error(`The server ends the connection: ${payload.subarray(8)}`));
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (type === frames.data) readMessages(stream, payload);
    if (type === frames.reset) {
      this.#streams.delete(id);
      stream.fail(new Error("The server reset a stream."));
    } else if ((type === frames.headers || type === frames.data) && (flags & endStream) !== 0) {
      this.#streams.delete(id);
      stream.end();
    }
  }
}

function writeFrameHead(buffer, at, length, type, flags, id) {
  buffer.writeUIntBE(length, at, 3);
  buffer[at + 3] = type;
  buffer[at + 4] = flags;
  buffer.writeUInt32BE(id, at + 5);
}

/** A message can span data frames, and a frame can contain several messages. */
function readMessages(stream, payload) {
  let buffer = stream.received.length === 0 ? payload : Buffer.concat([stream.received, payload]);
  while (buffer.length >= messageHeadBytes) {
    const end = messageHeadBytes + buffer.readUInt32BE(1);
    if (buffer.length < end) break;
    stream.next(buffer.subarray(messageHeadBytes, end));
    buffer = buffer.subarray(end);
  }
  stream.received = buffer;
}
