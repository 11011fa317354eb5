import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Hold {
  readonly part: string;
  readonly isHeld: (release: () => void) => void;
}

/**
 * A proxy that can hold a request, so that a test can let another client write between a program's read and its write, or
 * kill the program there.
 */
export class HoldingProxy implements AsyncDisposable {
  readonly token: string;
  readonly #target: { readonly url: string };
  readonly #holds: Hold[] = [];
  readonly #server = createServer((incoming, answer) => void this.#forward(incoming, answer));

  constructor(target: { readonly url: string; readonly token: string }) {
    this.#target = target;
    this.token = target.token;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Holds the next request whose body contains this text. Resolves with a function that releases it. */
  hold(part: string): Promise<() => void> {
    return new Promise((isHeld) => this.#holds.push({ part, isHeld }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const at = this.#holds.findIndex(({ part }) => body.includes(part));
    const [hold] = at < 0 ? [] : this.#holds.splice(at, 1);
    if (hold) {
      const isReleased = await new Promise<boolean>((resolve) => {
        answer.once("close", () => resolve(false)); // The client is dead, so the request is dropped.
        hold.isHeld(() => resolve(true));
      });
      if (!isReleased) return;
    }
    const { method, headers } = incoming;
    const outgoing = request(`${this.#target.url}${incoming.url}`, { method, headers });
    answer.once("close", () => outgoing.destroy());
    outgoing.on("error", () => answer.destroy());
    outgoing.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.end(body);
  }
}
