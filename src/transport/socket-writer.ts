import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { textFrame, textFrameHeader } from "./text-frame.ts";

/** If the client of a socket leaves more bytes than this unread, the server does not read from the socket. */
export const maxUnreadBytes = 1024 * 1024;

/**
 * Writes text messages to one socket. `ws` reads from it, and writes pings, pongs and the closing handshake. Each frame
 * is written completely, so that the frames of both do not mix.
 */
export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  /** The socket counts as full if this many bytes wait. */
  readonly #maxWaitingBytes: number;
  #isGathering = false;
  /** The callers that wait until the socket has drained. */
  #waiting: (() => void)[] = [];

  /**
   * @param stream the stream that `socket` reads from and writes to
   * @param onProgress called when the waiting bytes have been sent
   */
  constructor(socket: WebSocket, stream: Duplex, maxWaitingBytes: number, onProgress: () => void) {
    this.#socket = socket;
    this.#stream = stream;
    // A stream emits `drain` only if it contained this many bytes.
    this.#maxWaitingBytes = Math.max(maxWaitingBytes, stream.writableHighWaterMark);
    stream.on("drain", () => {
      onProgress();
      if (socket.isPaused) socket.resume();
      this.#wake();
    });
    stream.once("close", () => this.#wake());
  }

  /** Bytes that were written, but that the system has not accepted yet. */
  get waitingBytes(): number {
    return this.#stream.writableLength;
  }

  get isFull(): boolean {
    return this.waitingBytes >= this.#maxWaitingBytes;
  }

  /** Resolves when the socket is no longer full, or is closed. */
  async drained(): Promise<void> {
    while (this.isFull && !this.#stream.destroyed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Sends a framed message. Does nothing if the socket is closing. */
  writeFrame(frame: Buffer): void {
    if (this.#socket.readyState === this.#socket.OPEN && !this.#stream.write(frame)) {
      this.#pauseIfUnread();
    }
  }

  /** Sends one message whose text is in parts, without copying them. */
  writeParts(parts: readonly Buffer[]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const stream = this.#stream;
    stream.cork();
    stream.write(textFrameHeader(parts.reduce((sum, { length }) => sum + length, 0)));
    for (const part of parts) stream.write(part);
    stream.uncork();
    this.#pauseIfUnread();
  }

  /** Sends one message, together with the other messages of this turn of the event loop. */
  writeText(text: string): void {
    this.#gather();
    this.writeFrame(textFrame([Buffer.from(text)]));
  }

  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  /** Stops reading from a client that does not read, so that responses cannot accumulate. */
  #pauseIfUnread(): void {
    if (this.waitingBytes > maxUnreadBytes) this.#socket.pause();
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      this.uncork();
    });
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
