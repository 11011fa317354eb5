import { MessageType } from "graphql-ws";
import type { Sink } from "../feed/sink.ts";
import type { SocketWriter } from "./socket-writer.ts";
import { textFrame } from "./text-frame.ts";

const tail = Buffer.from("}");
/** A longer payload is not copied into each subscriber's frame, because it can wait for many subscribers. */
const maxCopiedBytes = 4 * 1024;

/**
 * The latest frame. A shared payload is sent to its subscribers one after the other, and on different sockets their
 * operations often have the same ID, so that the same frame fits.
 */
let last: { id: string; payload: Buffer; frame: Buffer } | null = null;

/** The beginning of each result of an operation on a socket. */
export function nextHead(operationId: string): string {
  return `{"id":${JSON.stringify(operationId)},"type":"${MessageType.Next}","payload":`;
}

/** Sends the events of one subscription as messages of its socket. */
export class SocketSink implements Sink<Buffer> {
  readonly #writer: SocketWriter;
  readonly #id: string;
  readonly #head: Buffer;

  constructor(writer: SocketWriter, operationId: string) {
    this.#writer = writer;
    this.#id = operationId;
    this.#head = Buffer.from(nextHead(operationId));
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  send(payload: Buffer): void {
    if (payload.length > maxCopiedBytes) {
      this.#writer.writeParts([this.#head, payload, tail]);
      return;
    }
    if (last?.payload !== payload || last.id !== this.#id) {
      last = { id: this.#id, payload, frame: textFrame([this.#head, payload, tail]) };
    }
    this.#writer.writeFrame(last.frame);
  }

  cork(): void {
    this.#writer.cork();
  }

  uncork(): void {
    this.#writer.uncork();
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }
}
