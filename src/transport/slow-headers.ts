import type { Socket } from "node:net";
import { refusalText } from "./unreadable-request.ts";

/** How often to look. */
export const headersCheckMs = 2_500;
/** The first headers of a connection are there so soon after their first byte, or the connection is cut. */
const maxHeadersMs = 15_000;

/**
 * The time that a new connection takes for its first headers. Node counts it from the connection's beginning, and has to
 * leave time for connections that are opened ahead; here it begins with the first byte.
 */
export class SlowHeaders {
  readonly #socket: Socket;
  #since: number | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Cuts the connection if it is too slow. */
  check(): void {
    if (this.#socket.bytesRead === 0) return;
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since < maxHeadersMs) return;
    this.#socket.once("finish", () => this.#socket.destroy());
    this.#socket.end(refusalText(408, "The request did not arrive in time. Send it again."));
  }
}
