import { BatonError, limitExceeded } from "../errors.ts";
import type { Entry } from "./model/entry.ts";
import { requireScope, type Viewer } from "./model/viewer.ts";

/** What an answer shows of an entry, by its size. */
type Sized = { readonly sizeBytes: number } | null;

/** What an entry weighs whose value was not loaded. */
export function sizeWithoutValue({ key, metadata }: Pick<Entry, "key" | "metadata">): Sized {
  return { sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(metadata) };
}

/** One operation of a caller, as a transport makes it for whatever the operation asks of the store. */
export interface Call {
  readonly viewer: Viewer;
  readonly budget: ResponseBudget;
  /** Aborts when the caller no longer waits for the answer; null when that can't be known. */
  readonly closed: AbortSignal | null;
}

/** What the answers that one connection has not taken yet may hold together. */
export interface AnswersUnderWay {
  bytes: number;
  readonly maxBytes: number;
}

/** Counts what one operation has loaded, so that no operation builds an answer without bound (G9). */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #underWay: AnswersUnderWay | null;
  #usedBytes = 0;

  /** @param underWay shared by the operations of one connection that are answered side by side */
  constructor(maxBytes: number, underWay: AnswersUnderWay | null) {
    this.#maxBytes = maxBytes;
    this.#underWay = underWay;
  }

  /** The answer has been taken. Each event of a subscription is an answer of its own. */
  reset(): void {
    if (this.#underWay) this.#underWay.bytes -= this.#usedBytes;
    this.#usedBytes = 0;
  }

  /** @throws LIMIT_EXCEEDED when the operation has now loaded more than it may, RATE_LIMITED when its connection has */
  spend(entries: Iterable<Sized>): void {
    this.#count(entries);
    this.#requireRoom();
  }

  /**
   * Gives what was read, counted.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED as `spend` does
   */
  async showRead<R>(read: Promise<R>, entriesOf: (result: R) => Iterable<Sized>): Promise<R> {
    const result = await read;
    this.spend(entriesOf(result));
    return result;
  }

  /**
   * Does a write whose answer shows entries. They are counted afterwards, and what was written stays, whatever the size
   * of its answer.
   * @throws FORBIDDEN, LIMIT_EXCEEDED, RATE_LIMITED before the write, when the viewer may not read, or was given too much
   */
  async showWritten<R>(
    viewer: Viewer,
    write: () => Promise<R>,
    entriesOf: (result: R) => Iterable<Sized>,
  ): Promise<R> {
    requireScope(viewer, "read");
    this.#requireRoom();
    const result = await write();
    this.#count(entriesOf(result));
    return result;
  }

  #count(entries: Iterable<Sized>): void {
    let bytes = 0;
    for (const entry of entries) bytes += entry?.sizeBytes ?? 0;
    this.#usedBytes += bytes;
    if (this.#underWay) this.#underWay.bytes += bytes;
  }

  #requireRoom(): void {
    if (this.#usedBytes > this.#maxBytes) {
      throw limitExceeded(
        "maxResponseBytes",
        this.#maxBytes,
        `The answer would hold more than ${this.#maxBytes} bytes of entries. Ask for less at once.`,
      );
    }
    if (this.#underWay && this.#underWay.bytes > this.#underWay.maxBytes) {
      throw new BatonError(
        "RATE_LIMITED",
        `The answers that this socket has not read yet hold more than ${this.#underWay.maxBytes} bytes. Read them first.`,
      );
    }
  }
}
