import { MessageType } from "graphql-ws";
import type { Sink } from "../feed/sink.ts";
import type { SocketWriter } from "./socket-writer.ts";

const tail = Buffer.from("}");

/** What each result of an operation begins with on a socket. */
export function nextHead(operationId: string): string {
  return `{"id":${JSON.stringify(operationId)},"type":"${MessageType.Next}","payload":`;
}

/** Sends the events of one subscription as messages of its socket. */
export class SocketSink implements Sink<Buffer> {
  readonly #writer: SocketWriter;
  readonly #head: Buffer;

  constructor(writer: SocketWriter, operationId: string) {
    this.#writer = writer;
    this.#head = Buffer.from(nextHead(operationId));
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  send(payload: Buffer): void {
    this.#writer.write(this.#head, payload, tail);
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
