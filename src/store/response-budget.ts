import { BatonError, limitExceeded } from "../errors.ts";
import type { Entry } from "./model/entry.ts";
import type { Limits } from "./model/limits.ts";
import type { TextMatch } from "./model/text-match.ts";
import { requireAll, type Viewer } from "./model/viewer.ts";
import { smallBytes, type SharedMemory } from "./shared-memory.ts";

/** What an answer shows of an entry, by its size and its names. */
export type Sized = {
  readonly sizeBytes: number;
  readonly namespace?: string | null;
  readonly key?: string | null;
} | null;

/** What an entry weighs whose value was not loaded. */
export function sizeWithoutValue(entry: Pick<Entry, "namespace" | "key" | "metadata">): Sized {
  const { namespace, key, metadata } = entry;
  return { namespace, key, sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(metadata) };
}

/** How often the answer of an operation shows the texts of one entry. */
export interface ShownTexts {
  /** The one that it shows most often of its value, its metadata, and other texts of any length. */
  readonly contents: number;
  /** All that are made of its names: key, id, cursors, and other strings. */
  readonly names: number;
}

/** What an operation shows without aliases, at least. */
export const shownOnce: ShownTexts = { contents: 1, names: 1 };

/** An id and a cursor are names in base64. */
const encodedRatio = 4 / 3;
/** So many names an operation may show without an alias, such as id, namespace, key and those of agents. */
const maxPlainNames = 8;

/** The most that a write may show. */
export interface Largest {
  readonly sizeBytes: number;
  readonly nameBytes: number;
}

/** The most that a number of entries may show. */
export function largestEntries(limits: Limits, count: number): Largest {
  const { maxKeyBytes, maxNamespaceBytes, maxValueBytes, maxMetadataBytes } = limits;
  return {
    sizeBytes: count * (maxKeyBytes + maxValueBytes + maxMetadataBytes),
    nameBytes: Math.ceil(count * (maxKeyBytes + maxNamespaceBytes) * encodedRatio),
  };
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

/** Where a user's answers are counted. */
export interface MemoryShare {
  readonly memory: SharedMemory;
  readonly userId: string;
}

/** Counts what one operation has loaded, so that no operation builds an answer without bound (G9). */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #underWay: AnswersUnderWay | null;
  readonly #share: MemoryShare | null;
  /** How much of it is counted in the user's share. */
  #sharedBytes = 0;
  /** How often its answer shows what it reads; set before it is executed. */
  shown: ShownTexts = shownOnce;
  #usedBytes = 0;

  /**
   * @param underWay shared by the operations of one connection that are answered side by side
   * @param share of the memory that all users have together
   */
  constructor(
    maxBytes: number,
    underWay: AnswersUnderWay | null,
    share: MemoryShare | null = null,
  ) {
    this.#maxBytes = maxBytes;
    this.#underWay = underWay;
    this.#share = share;
  }

  /** Whether the answer holds memory that `reset` gives back. */
  get isShared(): boolean {
    return this.#sharedBytes > 0;
  }

  /** The answer has been taken. Each event of a subscription is an answer of its own. */
  reset(): void {
    if (this.#underWay) this.#underWay.bytes -= this.#usedBytes;
    this.#usedBytes = 0;
    if (this.#sharedBytes > 0) {
      this.#share?.memory.remove(this.#share.userId, this.#sharedBytes);
      this.#sharedBytes = 0;
    }
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
   * of its answer. An operation that shows a text several times could multiply that size: it is refused before the write
   * where its answer might be too large.
   * @param where the namespaces that the answer may show something of
   * @param largest the most that the answer may show of what the write leaves
   * @throws FORBIDDEN, LIMIT_EXCEEDED, RATE_LIMITED before the write, when the viewer may not read there, was given too much, or
   * might be given too much
   */
  async showWritten<R>(
    viewer: Viewer,
    where: Iterable<string | TextMatch>,
    largest: Largest,
    write: () => Promise<R>,
    entriesOf: (result: R) => Iterable<Sized>,
  ): Promise<R> {
    requireAll(viewer, "read", where);
    this.requireRoomFor(largest);
    const result = await write();
    this.#count(entriesOf(result));
    return result;
  }

  /**
   * Refuses an operation whose answer might be too large because it shows a text several times.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED also when it has loaded too much already
   */
  requireRoomFor({ sizeBytes, nameBytes }: Largest): void {
    this.#requireRoom();
    const { contents, names } = this.shown;
    const extra =
      (contents - 1) * Math.min(sizeBytes, this.#maxBytes) +
      (names > maxPlainNames ? names * nameBytes : 0);
    if (extra > this.#maxBytes) throw this.#tooMuch();
  }

  #bytesOf({ sizeBytes, namespace, key }: NonNullable<Sized>): number {
    const { contents, names } = this.shown;
    if (names === 1) return contents * sizeBytes;
    const named = Buffer.byteLength(namespace ?? "") + Buffer.byteLength(key ?? "");
    // The first name is the key, which is counted in the size.
    return contents * sizeBytes + (names - 1) * Math.ceil(named * encodedRatio);
  }

  #count(entries: Iterable<Sized>): void {
    let bytes = 0;
    for (const entry of entries) if (entry) bytes += this.#bytesOf(entry);
    this.#usedBytes += bytes;
    if (this.#underWay) this.#underWay.bytes += bytes;
    if (this.#share && this.#usedBytes > smallBytes) {
      this.#share.memory.add(this.#share.userId, this.#usedBytes - this.#sharedBytes);
      this.#sharedBytes = this.#usedBytes;
    }
  }

  #requireRoom(): void {
    if (this.#usedBytes > this.#maxBytes) {
      throw this.#tooMuch();
    }
    if (this.#share && this.#sharedBytes > 0) this.#share.memory.requireRoom(this.#share.userId);
    if (this.#underWay && this.#underWay.bytes > this.#underWay.maxBytes) {
      throw new BatonError(
        "RATE_LIMITED",
        `The answers that this socket has not read yet hold more than ${this.#underWay.maxBytes} bytes. Read them first.`,
      );
    }
  }

  #tooMuch(): BatonError {
    return limitExceeded(
      "maxResponseBytes",
      this.#maxBytes,
      `The answer would hold more than ${this.#maxBytes} bytes of entries, each text counted as often as it is shown. Ask for less at once.`,
    );
  }
}
