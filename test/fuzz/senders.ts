import { once } from "node:events";
import { Agent, request } from "node:http";
import { WebSocket } from "ws";
import type { Target } from "./fuzzed-server.ts";
import type { GeneratedOperation } from "./generated-operation.ts";

/** Sends requests on persistent connections. */
export class HttpSender implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Returns the status and the text of the response. */
  async post(path: string, body: string | Buffer): Promise<{ status: number; text: string }> {
    const sent = request(`${this.#target.url}${path}`, {
      agent: this.#agent,
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: path === "/mcp" ? "application/json, text/event-stream" : "application/json",
        authorization: `Bearer ${this.#target.token}`,
        "content-length": Buffer.byteLength(body),
      },
    });
    sent.end(body);
    const [response] = await once(sent, "response");
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    return { status: response.statusCode, text };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Sends operations on one socket after another, and returns every received message. */
export class SocketSender implements Disposable {
  readonly #target: Target;
  #socket: WebSocket | null = null;
  #messages: string[] = [];
  #count = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Resolves when each operation has ended. A subscription is completed immediately after it was sent. */
  async run(operations: readonly GeneratedOperation[]): Promise<string[]> {
    const socket = await this.#open();
    const open = new Set<string>();
    for (const { kind, query, variables } of operations) {
      const id = `${this.#count++}`;
      socket.send(JSON.stringify({ id, type: "subscribe", payload: { query, variables } }));
      if (kind === "subscription") socket.send(JSON.stringify({ id, type: "complete" }));
      else open.add(id);
    }
    return this.#collect((message) => {
      const { id, type } = JSON.parse(message) as { id?: string; type: string };
      if (type === "complete" || type === "error") open.delete(id ?? "");
      return open.size === 0;
    });
  }

  /** Sends messages unchanged, and waits for the response to a ping, or for the close. */
  async send(messages: readonly (string | Buffer)[]): Promise<string[]> {
    const socket = await this.#open();
    for (const message of messages) socket.send(message);
    socket.send('{"type":"ping"}');
    return this.#collect((message) => message === '{"type":"pong"}');
  }

  async #collect(isLast: (message: string) => boolean): Promise<string[]> {
    const socket = this.#socket as WebSocket;
    const found: string[] = [];
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        found.push(message);
        if (isLast(message)) return found;
      } else if (socket.readyState === socket.CLOSED) {
        return found;
      } else {
        await new Promise<void>((resolve) => {
          socket.once("message", () => resolve()).once("close", () => resolve());
        });
        socket.removeAllListeners("close");
      }
    }
  }

  async #open(): Promise<WebSocket> {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    const { url, token } = this.#target;
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    this.#messages = [];
    socket.on("message", (data) => this.#messages.push(String(data)));
    socket.on("error", () => {});
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { token } }));
    this.#socket = socket;
    await this.#collect((message) => message === '{"type":"connection_ack"}');
    return socket;
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }
}
