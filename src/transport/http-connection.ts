import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isLoopHeld } from "../event-loop.ts";
import { HttpRequest } from "../http-request.ts";
import { StreamTurns } from "./stream-turns.ts";

/**
 * How many requests can wait on one connection for the response to an earlier one. Browsers and the HTTP clients of
 * Node, Python and Go send none.
 */
const maxWaiting = 8;
/**
 * The bytes of a received chunk that Node parses in its first step, and at most in a later one. A step is twice as long as
 * the one before while no request waits, because parsing a body in short steps is slow. Node alone parses up to 64 KiB.
 */
const firstStepBytes = 1_024;
const longestStepBytes = 8 * 1_024;
/** The interval of the checks for unread responses. */
export const unreadCheckMs = 2_500;
/** A connection whose client reads nothing of a complete response for this time is destroyed. */
const maxUnreadMs = 20_000;

type Begin = () => void;

/** The user of the latest request of each connection. */
const users = new WeakMap<Socket, string>();

/** The next request of this connection takes turns with other requests of this user. */
export function noteUser({ socket }: IncomingMessage, userId: string): void {
  if (users.get(socket) !== userId) users.set(socket, userId);
}

/**
 * One HTTP connection. Its requests are handled one after another, so that it holds at most one response, and it is
 * destroyed if a client sends many requests without waiting for the responses. If requests arrive on many connections in
 * one turn of the event loop, their parsing takes turns with other users' work.
 */
class HttpConnection {
  readonly #socket: Socket;
  readonly #parse: (chunk: Buffer) => void;
  readonly #end: () => void;
  /** The received bytes after those that are being parsed. */
  #rest: Buffer | null = null;
  #hasLeft = false;
  readonly #turns: StreamTurns;
  #current: ServerResponse | null = null;
  readonly #waiting: Begin[] = [];
  /** The bytes that the system had not accepted at the latest check, and when their number last changed. */
  #unreadBytes = 0;
  #unreadSince = 0;

  /**
   * @param parse passes received bytes to Node's parser
   * @param end ends the connection after its client has
   */
  constructor(socket: Socket, parse: (chunk: Buffer) => void, end: () => void) {
    this.#socket = socket;
    this.#parse = parse;
    socket.off("data", parse);
    socket.on("data", this.#receive);
    this.#end = end;
    socket.off("end", end);
    socket.on("end", this.#finish);
    // Node's own pause has this mark, and Node ends it.
    const mayResume = () => !this.#hasLeft && !(socket as { readonly _paused?: boolean })._paused;
    this.#turns = new StreamTurns({
      stream: socket,
      userId: () => users.get(socket) ?? null,
      mayResume,
    });
  }

  /** Begins the handling of a request when the earlier responses of this connection have been sent. */
  handle(response: ServerResponse, begin: Begin): void {
    if (!this.#socket.writable) return;
    if (this.#current === null) return this.#begin(response, begin);
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.length = 0;
      this.#socket.destroy();
      return;
    }
    this.#waiting.push(() => this.#begin(response, begin));
  }

  /** The connection no longer carries HTTP. What follows the request stays in the socket for the new protocol. */
  leave(): void {
    this.#hasLeft = true;
    this.#socket.off("data", this.#receive);
    if (this.#rest) this.#socket.unshift(this.#rest);
    this.#rest = null;
  }

  /** Destroys the connection if its client does not read. */
  checkUnread(now: number): void {
    if (!this.#current?.writableEnded) {
      this.#unreadBytes = 0;
      return;
    }
    const unread = unreadBytes(this.#socket);
    if (unread !== this.#unreadBytes) {
      this.#unreadBytes = unread;
      this.#unreadSince = now;
    } else if (unread > 0 && now - this.#unreadSince >= maxUnreadMs) this.#socket.destroy();
  }

  #begin(response: ServerResponse, begin: Begin): void {
    this.#current = response;
    response.once("close", this.#next);
    begin();
  }

  readonly #next = (): void => {
    this.#current = null;
    // After the last response of a connection, Node sends no other.
    if (this.#socket.writable) this.#waiting.shift()?.();
  };

  readonly #receive = (chunk: Buffer): void => {
    const socket = this.#socket;
    let stepBytes = firstStepBytes;
    for (let begin = 0; begin < chunk.length && !this.#hasLeft;) {
      // The connection ends, so no response to the rest could be sent.
      if (!socket.writable) return;
      // Node pauses it until the client has read earlier responses, or until more of a body is needed. A turn would end that.
      if (!socket.isPaused() && isLoopHeld()) this.#turns.wait();
      if (socket.isPaused()) return socket.unshift(chunk.subarray(begin));
      const end = begin + stepBytes;
      this.#rest = end < chunk.length ? chunk.subarray(end) : null;
      this.#parse.call(socket, chunk.subarray(begin, end));
      begin = end;
      if (this.#waiting.length === 0) stepBytes = Math.min(2 * stepBytes, longestStepBytes);
    }
  };

  /** The client has ended the connection. Thousands of connections that end at the same time take turns, too. */
  readonly #finish = async (): Promise<void> => {
    if (isLoopHeld()) await this.#turns.next();
    // The connection no longer uses Node's parser.
    if (this.#hasLeft || this.#socket.destroyed) return;
    this.#end.call(this.#socket);
  };
}

/** The bytes that were written, and that the system has not accepted yet. Node measures progress in the same way. */
function unreadBytes(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? socket.writableLength;
}

/** The HTTP connections of a server. */
export class HttpConnections {
  readonly #all = new Map<Socket, HttpConnection>();
  readonly listener: RequestListener;

  /** @param listener handles each request, when the earlier responses of its connection have been sent */
  constructor(listener: RequestListener) {
    this.listener = (request, response) => {
      this.#handle(request, response, () => listener(request, response));
    };
  }

  /** @param event the server's event for a connection that can carry HTTP */
  watch(server: Server, event: "connection" | "secureConnection"): void {
    server.on(event, (socket: Socket) => {
      const [parse] = socket.listeners("data") as ((chunk: Buffer) => void)[];
      // The first is the socket's own.
      const end = socket.listeners("end").at(-1) as (() => void) | undefined;
      if (!parse || !end) throw new Error("Node's HTTP server does not listen to its connection.");
      this.#all.set(socket, new HttpConnection(socket, parse, end));
      socket.once("close", () => this.#all.delete(socket));
    });
    server.on("upgrade", ({ socket }: IncomingMessage) => {
      this.#all.get(socket)?.leave();
      this.#all.delete(socket);
    });
    // Node responds to it without the event `request`.
    server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response, () => response.writeHead(417).end());
    });
  }

  /** Destroys the connections whose clients do not read complete responses. */
  checkUnread(): void {
    const now = performance.now();
    for (const connection of this.#all.values()) connection.checkUnread(now);
  }

  #handle(request: IncomingMessage, response: ServerResponse, begin: Begin): void {
    // Its upgrade is ignored, and Node's parser skips what arrived together with such a request.
    if (request instanceof HttpRequest && request.asksForUpgrade) response.shouldKeepAlive = false;
    this.#all.get(request.socket)?.handle(response, begin);
  }
}
