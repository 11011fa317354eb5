import type { Socket } from "node:net";
import { refusalText } from "./unreadable-request.ts";

/** The interval of the checks. */
export const headersCheckMs = 2_500;
/** The first headers of a connection must be complete within this time after their first byte. */
const maxHeadersMs = 15_000;

/**
 * Measures the time that a new connection takes for its first headers, from their first byte. Node measures it from the
 * start of the connection, so Node's limit must include the time in which a client keeps a new connection idle.
 */
export class SlowHeaders {
  readonly #socket: Socket;
  #since: number | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Ends the connection if it is too slow. */
  check(): void {
    if (this.#socket.bytesRead === 0) return;
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since < maxHeadersMs) return;
    this.#socket.once("finish", () => this.#socket.destroy());
    this.#socket.end(refusalText(408, "The request did not arrive in time. Send it again."));
  }
}
