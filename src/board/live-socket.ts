import { credentials } from "./session.ts";

// One socket carries all subscriptions of the page, in the protocol graphql-transport-ws. A browser opens at most six
// connections to a server for all its tabs, and streams of events would use one connection for each subscription.

/** The time between pings. If a ping has no response when the next one is due, the connection is lost. */
const pingMs = 5_000;
const openMs = 10_000;

export interface SocketError {
  readonly message: string;
  readonly extensions: { readonly code: string };
}

export interface SocketResult {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly SocketError[];
}

interface Operation {
  readonly next: (result: SocketResult) => void;
  readonly end: () => void;
}

interface Message {
  readonly type: "connection_ack" | "next" | "error" | "complete" | "ping" | "pong";
  readonly id?: string;
  readonly payload?: SocketResult | readonly SocketError[];
}

let current: LiveSocket | null = null;

/** Returns the socket of the page, and opens it if necessary. */
function liveSocket(): LiveSocket {
  if (current === null || current.isLost) current = new LiveSocket();
  return current;
}

/** Closes the socket. The next one uses the credentials of that time. */
export function closeSocket(): void {
  current?.lose();
  current = null;
}

/**
 * Follows one subscription. Resolves when the server has ended it, or the connection is lost.
 * @param begin called when the connection is open, before the subscription is sent
 * @param next receives each result, including the errors that end the subscription
 */
export async function subscribe(
  begin: () => { readonly query: string; readonly variables: object },
  next: (result: SocketResult) => void,
  closed: AbortSignal,
): Promise<void> {
  const socket = liveSocket();
  await socket.opened;
  if (closed.aborted) return;
  const payload = begin();
  await new Promise<void>((resolve) => {
    const complete = socket.send(payload, { next, end: resolve });
    closed.addEventListener("abort", complete, { once: true });
  });
}

class LiveSocket {
  /** Resolves when the server has accepted the connection. Rejects if the connection fails. */
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #operations = new Map<string, Operation>();
  readonly #onOffline = () => this.lose();
  #timer: ReturnType<typeof setTimeout>;
  #isLost = false;
  #isAnswered = true;
  #lastId = 0;
  #open: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
    // Prevents an unhandled rejection if no subscription waits for it.
    this.opened.catch(() => {});
    const address = new URL("graphql", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    this.#socket = new WebSocket(address, "graphql-transport-ws");
    this.#socket.addEventListener("open", () =>
      this.#write({ type: "connection_init", payload: credentials() }),
    );
    this.#socket.addEventListener("message", ({ data }) => {
      if (!this.#isLost) this.#take(JSON.parse(data as string) as Message);
    });
    this.#socket.addEventListener("close", () => this.lose());
    this.#timer = setTimeout(() => this.lose(), openMs);
    // An offline browser keeps the connection, although no message arrives any more.
    addEventListener("offline", this.#onOffline);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Starts an operation. Returns a function that ends it. */
  send(payload: object, operation: Operation): () => void {
    const id = String(++this.#lastId);
    if (this.#isLost) {
      operation.end();
      return () => {};
    }
    this.#operations.set(id, operation);
    this.#write({ type: "subscribe", id, payload });
    return () => {
      if (!this.#operations.has(id)) return;
      this.#write({ type: "complete", id });
      this.#end(id);
    };
  }

  /** Ends every operation immediately, because the socket's own close event can be late or missing. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    clearTimeout(this.#timer);
    removeEventListener("offline", this.#onOffline);
    this.#socket.close();
    this.#fail(new Error("The connection is lost."));
    for (const id of this.#operations.keys()) this.#end(id);
  }

  #take({ type, id = "", payload }: Message): void {
    this.#isAnswered = true;
    switch (type) {
      case "connection_ack":
        this.#open();
        this.#ping();
        break;
      case "next":
        this.#operations.get(id)?.next(payload as SocketResult);
        break;
      case "error":
        this.#operations.get(id)?.next({ errors: payload as readonly SocketError[] });
        this.#end(id);
        break;
      case "complete":
        this.#end(id);
        break;
      case "ping":
        this.#write({ type: "pong" });
        break;
      case "pong":
    }
  }

  #ping(): void {
    clearTimeout(this.#timer);
    this.#isAnswered = false;
    this.#write({ type: "ping" });
    this.#timer = setTimeout(() => (this.#isAnswered ? this.#ping() : this.lose()), pingMs);
  }

  #end(id: string): void {
    const operation = this.#operations.get(id);
    this.#operations.delete(id);
    operation?.end();
  }

  #write(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
