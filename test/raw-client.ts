import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { sendRequest } from "./send-request.ts";

/** The address of a server, and a token. */
interface Reached {
  readonly url: string;
  readonly token: string;
}

/** Returns the response to a request with this body, unchanged. */
export async function post(server: Reached, body: string): Promise<string> {
  const { text } = await sendRequest(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
    body,
  });
  return text;
}

/** Returns the response to a query by GET, unchanged. */
export async function get(server: Reached, query: string): Promise<string> {
  const search = String(new URLSearchParams({ query }));
  const { text } = await sendRequest(`${server.url}/graphql?${search}`, {
    headers: { accept: "application/json", authorization: `Bearer ${server.token}` },
  });
  return text;
}

/** Returns the texts of a subscription's first server-sent events. */
export async function events(server: Reached, query: string, count: number): Promise<string[]> {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${server.token}`,
    },
    body: JSON.stringify({ query }),
    signal: abort.signal,
  });
  const found: string[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: {")) found.push(line.slice(6));
    if (found.length >= count) break;
  }
  return found.slice(0, count);
}

/** A socket that sends and receives texts of the protocol unchanged. */
export class RawSocket implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #texts: string[] = [];
  /** The headers of the response that opened the socket. */
  readonly opened: Promise<IncomingHttpHeaders>;
  #wake = () => {};

  constructor(server: Reached, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(
      `${server.url.replace("http", "ws")}/graphql`,
      "graphql-transport-ws",
      { headers: { authorization: `Bearer ${server.token}`, ...headers } },
    );
    this.opened = once(this.#socket, "upgrade").then(
      ([response]) => (response as IncomingMessage).headers,
    );
    this.#socket.on("message", (data) => {
      this.#texts.push(String(data));
      this.#wake();
    });
    this.#socket.once("open", () => this.send('{"type":"connection_init"}'));
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async next(): Promise<string> {
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) return text;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next messages of these types. */
  async take(count: number, type = "next"): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) {
      const text = await this.next();
      if (text.includes(`"type":"${type}"`)) found.push(text);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }
}
