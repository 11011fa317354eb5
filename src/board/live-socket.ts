import { credentials } from "./session.ts";

// All subscriptions of the page over one socket, in the protocol graphql-transport-ws. A browser opens six connections to a
// server for the requests of all its tabs, and a stream of events would keep one of them for each subscription.

/** A ping that is not answered before the next one is due says that the connection is lost. */
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

/** The socket of the page, opened if there is none. */
function liveSocket(): LiveSocket {
  if (current === null || current.isLost) current = new LiveSocket();
  return current;
}

/** Closes the socket: the next one is opened with the credentials of then. */
export function closeSocket(): void {
  current?.lose();
  current = null;
}

/**
 * Follows one subscription. Resolves when the server has ended it, or the connection is lost.
 * @param begin called once the connection is there, before anything is asked
 * @param next takes each result; errors that end the subscription come as a result, too
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
  /** Resolves when the server has taken the connection; rejects if it can't be made. */
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
    // Nobody may wait for it.
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
    // A browser that is told it is offline keeps the connection, which nothing comes over any more.
    addEventListener("offline", this.#onOffline);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Returns what gives the operation up. */
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

  /** Ends every operation. What the socket itself has to say of its end may come late, or never. */
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
