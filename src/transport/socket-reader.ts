import type { RawData, WebSocket } from "ws";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import type { Graphql } from "./graphql.ts";
import type { SocketMessage } from "./read-message.ts";

type Message = SocketMessage | string;

export interface SocketReaderOptions {
  readonly socket: WebSocket;
  readonly graphql: Pick<Graphql, "readMessage">;
  /**
   * @param bytes the size of the message
   * @param release releases the memory in which the message arrived
   */
  readonly hear: (message: Message, bytes: number, release: () => void) => void;
  /** Whether a paused socket can be read again. */
  readonly mayResume: () => boolean;
  /** The user that messages are read for, or `nobody`. */
  readonly who: () => string;
}

/**
 * Reads the messages of a socket, and passes them on in order. A long message is read in steps, and thousands of short
 * messages take turns with other users' work. During that time, later messages wait, and the socket is not read.
 */
export class SocketReader {
  readonly #options: SocketReaderOptions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SocketReaderOptions) {
    this.#options = options;
  }

  /** @param release passed on with the message */
  take(data: RawData, release: () => void): void {
    const bytes = lengthOf(data);
    if (this.#waiting > 0 || isLoopHeld()) {
      return this.#wait(() => this.#readInTurn(data), bytes, release);
    }
    const message = this.#read(data);
    if (message instanceof Promise) this.#wait(() => message, bytes, release);
    else this.#options.hear(message, bytes, release);
  }

  #read(data: RawData): Message | Promise<Message> {
    const { graphql, who } = this.#options;
    // `ws` passes a message as one buffer. A binary one need not be UTF-8: it is then read as an empty text, which is not JSON.
    const text = decodeUtf8([data as Buffer], who());
    if (text instanceof Promise) {
      return text.then((whole) => graphql.readMessage(whole ?? "", who()));
    }
    return graphql.readMessage(text ?? "", who());
  }

  async #readInTurn(data: RawData): Promise<Message> {
    if (isLoopHeld()) await nextTurn(this.#options.who());
    return this.#read(data);
  }

  #wait(read: () => Promise<Message>, bytes: number, release: () => void): void {
    const { socket, hear, mayResume } = this.#options;
    this.#waiting++;
    socket.pause();
    this.#last = this.#last.then(async () => {
      hear(await read(), bytes, release);
      this.#waiting--;
      if (this.#waiting === 0 && mayResume()) socket.resume();
    });
  }
}

/** By default, `ws` passes a message as one buffer. */
function lengthOf(data: RawData): number {
  return "length" in data && !Array.isArray(data) ? data.length : 0;
}
