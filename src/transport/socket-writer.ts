import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { textFrame, textFrameHeader } from "./text-frame.ts";

/** A socket that leaves more than this unread is not read from. */
export const maxUnreadBytes = 1024 * 1024;

/**
 * Writes text messages to one socket. `ws` reads from it and writes everything else: pings, pongs and the closing
 * handshake. A frame is always written whole, so the two do not mix.
 */
export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  /** The socket is full from here on. */
  readonly #maxWaitingBytes: number;
  #isGathering = false;
  /** Who waits for the socket to drain. */
  #waiting: (() => void)[] = [];

  /**
   * @param stream what `socket` reads from and writes to
   * @param onProgress called when the other side has taken what waited for it
   */
  constructor(socket: WebSocket, stream: Duplex, maxWaitingBytes: number, onProgress: () => void) {
    this.#socket = socket;
    this.#stream = stream;
    // A stream tells that it has drained only when it held this much.
    this.#maxWaitingBytes = Math.max(maxWaitingBytes, stream.writableHighWaterMark);
    stream.on("drain", () => {
      onProgress();
      if (socket.isPaused) socket.resume();
      this.#wake();
    });
    stream.once("close", () => this.#wake());
  }

  /** Bytes that were written and that the system has not taken yet. */
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

  /** Sends a message that is framed already. Does nothing once the socket is closing. */
  writeFrame(frame: Buffer): void {
    if (this.#socket.readyState === this.#socket.OPEN && !this.#stream.write(frame)) {
      this.#pauseIfUnread();
    }
  }

  /** Sends one message, whose text is in parts, without a copy of them. */
  writeParts(parts: readonly Buffer[]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const stream = this.#stream;
    stream.cork();
    stream.write(textFrameHeader(parts.reduce((sum, { length }) => sum + length, 0)));
    for (const part of parts) stream.write(part);
    stream.uncork();
    this.#pauseIfUnread();
  }

  /** Sends one message, in one write with what else is sent in this turn of the event loop. */
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

  /** Whoever does not read is not heard either, so that answers can't pile up. */
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
