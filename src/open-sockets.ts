import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/**
 * The sockets of an HTTP server that Node's own methods leave open when the server stops: those that have sent no
 * request, and those whose TLS handshake is not complete.
 */
export class OpenSockets {
  readonly #http: Server;
  /** Browsers and other clients open connections before they send a request. Node does not count these as idle. */
  readonly #unused = new Set<Socket>();
  readonly #beneathTls = new Set<Socket>();

  constructor(http: Server, isSecure: boolean) {
    this.#http = http;
    http.on(isSecure ? "secureConnection" : "connection", (socket: Socket) =>
      keep(this.#unused, socket),
    );
    if (isSecure) http.on("connection", (socket: Socket) => keep(this.#beneathTls, socket));
    for (const event of ["request", "upgrade"] as const) {
      http.on(event, ({ socket }: IncomingMessage) => this.#unused.delete(socket));
    }
  }

  /**
   * Closes each connection when it is idle, and after the deadline all that remain. The server has stopped listening.
   * @param deadline by `performance.now()`
   * @param closed settles when the server has no more connections
   */
  async close(deadline: number, closed: Promise<unknown>): Promise<void> {
    for (const socket of this.#unused) socket.destroy();
    // After its response, a connection stays open for a next request, so it must be closed.
    const idle = setInterval(() => this.#http.closeIdleConnections(), 20);
    const cut = setTimeout(
      () => {
        this.#http.closeAllConnections();
        for (const socket of this.#beneathTls) socket.destroy();
      },
      Math.max(0, deadline - performance.now()),
    );
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }
}

/** Adds a socket until it closes. */
function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}
