import type { RawData, WebSocket } from "ws";
import type { Graphql } from "./graphql.ts";
import type { SocketMessage } from "./read-message.ts";

type Message = SocketMessage | string;

/**
 * Reads the messages of a socket, and hands them on in their order. A long one is read in steps; those after it wait, and
 * no more are taken from the network until it is read.
 */
export class SocketReader {
  readonly #socket: WebSocket;
  readonly #graphql: Graphql;
  readonly #hear: (message: Message) => void;
  /** Whether a socket that was paused may be read again. */
  readonly #mayResume: () => boolean;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(
    socket: WebSocket,
    graphql: Graphql,
    hear: (message: Message) => void,
    mayResume: () => boolean,
  ) {
    this.#socket = socket;
    this.#graphql = graphql;
    this.#hear = hear;
    this.#mayResume = mayResume;
  }

  take(data: RawData): void {
    const message = this.#graphql.readMessage(String(data));
    if (this.#waiting === 0 && !(message instanceof Promise)) return this.#hear(message);
    this.#waiting++;
    this.#socket.pause();
    this.#last = this.#last.then(async () => {
      this.#hear(await message);
      this.#waiting--;
      if (this.#waiting === 0 && this.#mayResume()) this.#socket.resume();
    });
  }
}
