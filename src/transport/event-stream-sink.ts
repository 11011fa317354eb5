import type { ServerResponse } from "node:http";
import type { Sink } from "../feed/sink.ts";

const head = Buffer.from("event: next\ndata: ");
const tail = Buffer.from("\n\n");
const comment = Buffer.from(":\n\n");
const complete = Buffer.from("event: complete\ndata:\n\n");
/** A longer payload is not copied into each subscriber's event, because it can wait for many subscribers. */
const maxCopiedBytes = 4 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

/** Sends the events of one subscription as the body of its response. */
export class EventStreamSink implements Sink<Buffer> {
  readonly #response: ServerResponse;
  /** The response counts as full if this many bytes wait. */
  readonly #maxWaitingBytes: number;
  readonly #onFlushed: () => void;
  #wake: (() => void) | null = null;
  /**
   * The events between `cork` and `uncork`, which are written together: each write is expensive, regardless of its
   * size.
   */
  #gathered: Buffer[] | null = null;
  #gatheredBytes = 0;

  constructor(response: ServerResponse, maxWaitingBytes: number) {
    this.#response = response;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#onFlushed = () => {
      if (this.isFull) return;
      this.#wake?.();
      this.#wake = null;
    };
  }

  get isFull(): boolean {
    return this.#response.writableLength + this.#gatheredBytes >= this.#maxWaitingBytes;
  }

  send(payload: Buffer): void {
    const parts = [head, inOneLine(payload), tail];
    if (this.#gathered === null) return this.#writeParts(parts);
    this.#gathered.push(...parts);
    this.#gatheredBytes += payload.length;
  }

  cork(): void {
    this.#gathered ??= [];
  }

  uncork(): void {
    const parts = this.#gathered;
    this.#gathered = null;
    this.#gatheredBytes = 0;
    if (parts && parts.length > 0) this.#writeParts(parts);
  }

  async drained(): Promise<void> {
    while (this.isFull && !this.#response.destroyed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Sends a comment as a heartbeat, unless bytes are waiting. */
  ping(): void {
    if (!this.isFull) this.#write(comment);
  }

  complete(): void {
    this.#response.end(complete);
  }

  /** Copies short parts into one chunk. A long part is not copied, because it can wait for many subscribers. */
  #writeParts(parts: readonly Buffer[]): void {
    this.#response.cork();
    let short: Buffer[] = [];
    for (const part of parts) {
      if (part.length <= maxCopiedBytes) {
        short.push(part);
        continue;
      }
      if (short.length > 0) this.#response.write(Buffer.concat(short));
      this.#response.write(part);
      short = [];
    }
    this.#write(Buffer.concat(short));
    this.#response.uncork();
  }

  #write(chunk: Buffer): void {
    if (!this.#response.destroyed) this.#response.write(chunk, this.#onFlushed);
  }
}

/** The data of an event is one line. In JSON, strings contain no line ends, so each line end becomes a space. */
function inOneLine(payload: Buffer): Buffer {
  if (!payload.includes(lineFeed) && !payload.includes(carriageReturn)) return payload;
  return Buffer.from(
    payload.map((byte) => (byte === lineFeed || byte === carriageReturn ? space : byte)),
  );
}
