import type { Duplex } from "node:stream";
import { CloseCode } from "graphql-ws";
import type { WebSocket } from "ws";
import { isLoopHeld } from "../event-loop.ts";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";
import { compactorOf } from "./compact-message.ts";
import { slowestPace, type Pace } from "./slowest-pace.ts";
import { StreamTurns } from "./stream-turns.ts";

export interface SocketIntakeOptions {
  readonly socket: WebSocket;
  /** The stream that `socket` reads from. */
  readonly stream: Duplex;
  readonly memory: SharedMemory;
  /** The user whose share of the memory is used; null until the client has sent a valid token. */
  readonly userId: () => string | null;
}

/** The size of the frame of a ping or pong without its payload, as a client sends it. */
const controlFrameBytes = 6;
/**
 * The bytes that `ws` reads in one step: some hundred of the smallest frames. Node passes on up to 64 KiB of each socket
 * in one turn of the event loop.
 */
const stepBytes = 4 * 1024;
/** A message is in memory twice: as bytes, and as text. */
const copies = 2;
/** The close code that asks the client to connect again later (IANA's registry for RFC 6455). */
const tryAgainLater = 1013;

/**
 * Passes the bytes that arrive on a socket to `ws`, in short steps, so that the frames of many sockets take turns with
 * other users' work. It stops while the socket is paused.
 *
 * It counts the bytes before their message is complete, because `ws` keeps them in memory, and joins tiny parts, because a
 * buffer for each would use much more. Without a valid token, only small messages are accepted. With one, a large message
 * needs room in its user's share.
 */
export class SocketIntake {
  readonly #options: SocketIntakeOptions;
  #bytes = 0;
  /** The bytes at the last check of the pace; null if no message was in progress. */
  #checkedBytes: number | null = null;
  #held: { readonly userId: string; bytes: number } | null = null;
  readonly #receive: (bytes: Buffer) => void;
  readonly #compact: () => void;
  readonly #turns: StreamTurns;

  constructor(options: SocketIntakeOptions) {
    this.#options = options;
    const { socket, stream, userId } = options;
    this.#turns = new StreamTurns({ stream, userId, mayResume: () => !socket.isPaused });
    const [receive] = stream.listeners("data") as ((bytes: Buffer) => void)[];
    if (!receive) throw new Error("ws does not listen to its stream.");
    this.#receive = receive;
    this.#compact = compactorOf(socket);
    stream.off("data", receive).on("data", this.#take);
    this.#inTurns("end");
    this.#inTurns("close");
    // After an error, `ws` reads nothing more.
    socket.once("error", () => stream.off("data", this.#take));
    // Both sides have closed. The stream ends when what the client sent after its close frame is read, too.
    stream.once("finish", () => stream.off("data", this.#take).resume());
    // `ws` would read what remains in one step, but no response could be sent.
    stream.prependListener("close", () => stream.read());
    // Pings and pongs can arrive between the parts of a message.
    const skip = (payload: Buffer) => {
      this.#bytes = Math.max(0, this.#bytes - controlFrameBytes - payload.length);
    };
    socket.on("ping", skip).on("pong", skip);
    socket.once("close", () => this.messageEnded()());
  }

  /** All received bytes belong to complete messages. Returns a function that releases their memory. */
  messageEnded(): () => void {
    const held = this.#held;
    this.#bytes = 0;
    this.#checkedBytes = null;
    this.#held = null;
    if (!held) return nothing;
    const { memory } = this.#options;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      memory.remove(held.userId, held.bytes);
    };
  }

  /** Closes the socket if a message is slower than the pace. To be called at the end of each of its periods. */
  checkPace({ bytesPerPeriod }: Pace = slowestPace): void {
    const checked = this.#checkedBytes;
    this.#checkedBytes = null;
    // The server does not read the socket while it handles earlier messages, or waits for a turn.
    if (this.#bytes === 0 || this.#turns.isWaiting || this.#options.socket.isPaused) return;
    if (checked !== null && this.#bytes - checked < bytesPerPeriod)
      return this.#cut(tryAgainLater, "The message arrived too slowly");
    this.#checkedBytes = this.#bytes;
  }

  readonly #take = (chunk: Buffer): void => {
    const { stream } = this.#options;
    for (let begin = 0; begin < chunk.length; begin += stepBytes) {
      if (isLoopHeld()) this.#turns.wait();
      if (stream.isPaused()) return stream.unshift(chunk.subarray(begin));
      const step = chunk.subarray(begin, begin + stepBytes);
      this.#arrive(step.length);
      this.#receive.call(stream, step);
      this.#compact();
    }
  };

  /** Passes an event of the stream to `ws`. If thousands of clients end or fail at the same time, their sockets end in turns. */
  #inTurns(event: "end" | "close"): void {
    const { stream } = this.#options;
    // Node's own listeners were added earlier.
    const pass = (stream.listeners(event) as (() => void)[]).at(-1);
    if (!pass) throw new Error("ws does not listen to its stream.");
    stream.off(event, pass).once(event, async () => {
      if (isLoopHeld()) await this.#turns.next();
      // If the stream has closed in the meantime, `ws` learns that alone.
      if (event === "close" || !stream.destroyed) pass.call(stream);
    });
  }

  #arrive(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= smallBytes) return;
    const { memory, userId } = this.#options;
    const user = this.#held?.userId ?? userId();
    if (user === null)
      return this.#cut(CloseCode.Unauthorized, "Send a token before a large message");
    const heldBytes = this.#held?.bytes ?? 0;
    const missing = copies * this.#bytes - heldBytes;
    if (!memory.hasRoom(user, missing, heldBytes))
      return this.#cut(tryAgainLater, "Too much data in progress");
    memory.add(user, missing);
    this.#held ??= { userId: user, bytes: 0 };
    this.#held.bytes += missing;
  }

  /** Closes the socket, and stops reading: data would continue to arrive until the client responds to the close. */
  #cut(code: number, reason: string): void {
    const { socket, stream } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    socket.close(code, reason);
    stream.pause();
    setImmediate(() => socket.terminate());
  }
}

const nothing = () => {};
