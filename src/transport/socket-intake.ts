import type { Duplex } from "node:stream";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";

export interface SocketIntakeOptions {
  readonly socket: WebSocket;
  /** What `socket` reads from. */
  readonly stream: Duplex;
  readonly memory: SharedMemory;
  /** Whose share holds what arrives; null while nobody has shown a good token. */
  readonly userId: () => string | null;
}

/** A message is there as bytes, and as the text of what is read of it. */
const copies = 2;
/** The other side may come back with this when there is room (RFC 6455, IANA's registry). */
const tryAgainLater = 1013;

/**
 * Counts what arrives on a socket before it is a message, since `ws` keeps that in memory. Before a good token is shown, a
 * message may be small alone; afterwards a large one needs room in its user's share.
 */
export class SocketIntake {
  readonly #options: SocketIntakeOptions;
  #bytes = 0;
  #held: { readonly userId: string; bytes: number } | null = null;

  constructor(options: SocketIntakeOptions) {
    this.#options = options;
    const { socket, stream } = options;
    // Before `ws` takes it.
    stream.prependListener("data", (chunk: Buffer) => this.#arrive(chunk.length));
    socket.once("close", () => this.messageEnded());
  }

  /** All that has arrived is in messages now. */
  messageEnded(): void {
    this.#bytes = 0;
    if (this.#held) this.#options.memory.remove(this.#held.userId, this.#held.bytes);
    this.#held = null;
  }

  #arrive(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= smallBytes) return;
    const { memory, userId } = this.#options;
    const user = this.#held?.userId ?? userId();
    if (user === null) return this.#cut(CloseCode.Unauthorized, "Show a token before so much");
    const missing = copies * this.#bytes - (this.#held?.bytes ?? 0);
    if (!memory.hasRoom(user, missing)) return this.#cut(tryAgainLater, "Too much under way");
    memory.add(user, missing);
    this.#held ??= { userId: user, bytes: 0 };
    this.#held.bytes += missing;
  }

  /** It would go on arriving until the other side answers the close. */
  #cut(code: number, reason: string): void {
    const { socket, stream } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    socket.close(code, reason);
    stream.pause();
    setImmediate(() => socket.terminate());
  }
}
