import type { ServerResponse } from "node:http";
import type { Sink } from "../feed/sink.ts";

const head = Buffer.from("event: next\ndata: ");
const tail = Buffer.from("\n\n");
const comment = Buffer.from(":\n\n");
const complete = Buffer.from("event: complete\ndata:\n\n");
/** A longer payload is not copied into each subscriber's event: it may wait for many of them. */
const maxCopiedBytes = 4 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

/** Sends the events of one subscription as the body of its answer. */
export class EventStreamSink implements Sink<Buffer> {
  readonly #response: ServerResponse;
  /** The answer is full from here on. */
  readonly #maxWaitingBytes: number;
  readonly #onFlushed: () => void;
  #wake: (() => void) | null = null;

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
    return this.#response.writableLength >= this.#maxWaitingBytes;
  }

  send(payload: Buffer): void {
    const line = inOneLine(payload);
    if (line.length <= maxCopiedBytes) {
      this.#write(Buffer.concat([head, line, tail]));
      return;
    }
    this.cork();
    this.#response.write(head);
    this.#response.write(line);
    this.#write(tail);
    this.uncork();
  }

  cork(): void {
    this.#response.cork();
  }

  uncork(): void {
    this.#response.uncork();
  }

  async drained(): Promise<void> {
    while (this.isFull && !this.#response.destroyed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** A sign of life, unless there is enough to read. */
  ping(): void {
    if (!this.isFull) this.#write(comment);
  }

  complete(): void {
    this.#response.end(complete);
  }

  #write(chunk: Buffer): void {
    if (!this.#response.destroyed) this.#response.write(chunk, this.#onFlushed);
  }
}

/** An event's data ends with its line. In JSON, a line end is never within a string, so a space is as good. */
function inOneLine(payload: Buffer): Buffer {
  if (!payload.includes(lineFeed) && !payload.includes(carriageReturn)) return payload;
  return Buffer.from(
    payload.map((byte) => (byte === lineFeed || byte === carriageReturn ? space : byte)),
  );
}
