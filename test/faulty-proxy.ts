import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The replacement of a response. `"refused"`: a page of the proxy, and the request is not forwarded. `"cut"`: the request is
 * forwarded, and only a part of its response is returned. An object: this JSON, and the request is not forwarded.
 */
export type Fault = "refused" | "cut" | { readonly status: number; readonly json: unknown };

interface Planned {
  readonly operation: string;
  readonly fault: Fault;
  readonly happened: () => void;
}

/** A proxy that replaces responses on request. */
export class FaultyProxy implements AsyncDisposable {
  readonly #target: () => string;
  readonly #planned: Planned[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  private constructor(target: () => string) {
    this.#target = target;
  }

  /** @param target returns the current URL of the server */
  static async start(target: () => string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Replaces the response to the next request with this operation name. Resolves when it has done so. */
  spoil(operation: string, fault: Fault): Promise<void> {
    return new Promise((happened) => {
      this.#planned.push({ operation, fault, happened });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const index = this.#planned.findIndex(({ operation }) => body.includes(operation));
    const [planned] = index === -1 ? [] : this.#planned.splice(index, 1);
    const page = () =>
      response.writeHead(502, { "Content-Type": "text/html" }).end("<h1>Bad Gateway</h1>");
    if (planned?.fault === "refused") {
      page();
      planned.happened();
      return;
    }
    if (typeof planned?.fault === "object") {
      const { status, json } = planned.fault;
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(json));
      planned.happened();
      return;
    }
    const { authorization = "", "content-type": type = "" } = request.headers;
    const answer = await fetch(`${this.#target()}${request.url}`, {
      method: "POST",
      headers: { authorization, "content-type": type },
      body,
    }).catch(() => null);
    const text = await answer?.text().catch(() => null);
    if (text === null || text === undefined) return void page();
    const length = Buffer.byteLength(text);
    response.writeHead(answer?.status ?? 502, {
      "Content-Type": "application/json",
      "Content-Length": length,
    });
    if (!planned) return void response.end(text);
    response.write(text.slice(0, text.length / 2), () => {
      response.destroy();
      planned.happened();
    });
  }
}
