import { BatonError, limitExceeded } from "../errors.ts";
import type { Entry } from "./model/entry.ts";
import type { Limits } from "./model/limits.ts";
import type { TextMatch } from "./model/text-match.ts";
import { requireAll, type Viewer } from "./model/viewer.ts";
import { smallBytes, type SharedMemory } from "./shared-memory.ts";

/** What a response shows of an entry, by its size and its names. */
export type Sized = {
  readonly sizeBytes: number;
  readonly namespace?: string | null;
  readonly key?: string | null;
} | null;

/** The size of an entry whose value was not loaded. */
export function sizeWithoutValue(entry: Pick<Entry, "namespace" | "key" | "metadata">): Sized {
  const { namespace, key, metadata } = entry;
  return { namespace, key, sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(metadata) };
}

/** How many times an operation's response shows the texts of one entry. */
export interface ShownTexts {
  /** The largest of these counts: its value, its metadata, and each other text of any length. */
  readonly contents: number;
  /** The number of texts made of its names: key, id, cursors, and other strings. */
  readonly names: number;
}

/** The least that an operation shows, without aliases. */
export const shownOnce: ShownTexts = { contents: 1, names: 1 };

/** An id and a cursor are names in base64, which makes them longer. */
const encodedRatio = 4 / 3;
/** An operation can show this many names without an alias: id, namespace, key, the agents' names, and so on. */
const maxPlainNames = 8;

/** The most that a write's response can show. */
export interface Largest {
  readonly sizeBytes: number;
  readonly nameBytes: number;
}

/** The most that a response with `count` entries can show. */
export function largestEntries(limits: Limits, count: number): Largest {
  const { maxKeyBytes, maxNamespaceBytes, maxValueBytes, maxMetadataBytes } = limits;
  return {
    sizeBytes: count * (maxKeyBytes + maxValueBytes + maxMetadataBytes),
    nameBytes: Math.ceil(count * (maxKeyBytes + maxNamespaceBytes) * encodedRatio),
  };
}

/** One operation of a caller, as a transport passes it to the store and the feed. */
export interface Call {
  readonly viewer: Viewer;
  readonly budget: ResponseBudget;
  /** Aborts when the caller no longer waits for the response; null if the transport cannot detect that. */
  readonly closed: AbortSignal | null;
}

/** The bytes of the responses that one connection has not read yet. */
export interface AnswersUnderWay {
  bytes: number;
  readonly maxBytes: number;
}

/** Where a user's responses are counted. */
export interface MemoryShare {
  readonly memory: SharedMemory;
  readonly userId: string;
}

/** Counts what one operation has loaded, so that the size of every response is bounded (G9). */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #underWay: AnswersUnderWay | null;
  readonly #share: MemoryShare | null;
  /** The part of `#usedBytes` that is counted in the user's share. */
  #sharedBytes = 0;
  /** How many times the response shows what it reads; set before the operation is executed. */
  shown: ShownTexts = shownOnce;
  #usedBytes = 0;

  /**
   * @param underWay shared by the concurrent operations of one connection
   * @param share of the memory that all users share
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

  /** Whether the response holds shared memory that `reset` releases. */
  get isShared(): boolean {
    return this.#sharedBytes > 0;
  }

  /** The response has been read. Each event of a subscription is a separate response. */
  reset(): void {
    if (this.#underWay) this.#underWay.bytes -= this.#usedBytes;
    this.#usedBytes = 0;
    if (this.#sharedBytes > 0) {
      this.#share?.memory.remove(this.#share.userId, this.#sharedBytes);
      this.#sharedBytes = 0;
    }
  }

  /** @throws LIMIT_EXCEEDED if the operation has loaded too much, RATE_LIMITED if its connection has */
  spend(entries: Iterable<Sized>): void {
    this.#count(entries);
    this.#requireRoom();
  }

  /**
   * Counts texts of any other kind. The caller multiplies them by the number of fields that show them.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED as `spend` does
   */
  spendTexts(bytes: number): void {
    this.#add(bytes);
    this.#requireRoom();
  }

  /**
   * Returns the result of a read after counting it.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED as `spend` does
   */
  async showRead<R>(read: Promise<R>, entriesOf: (result: R) => Iterable<Sized>): Promise<R> {
    const result = await read;
    this.spend(entriesOf(result));
    return result;
  }

  /**
   * Does a write whose response shows entries, and counts them afterwards: the write is kept even if its response is
   * too large. An operation that shows a text several times could multiply the response's size. Such an operation is
   * refused before the write if its response could be too large.
   * @param where the namespaces of the entries that the response can show
   * @param largest the most that the response can show of the written entries
   * @throws FORBIDDEN before the write if the viewer cannot read there; LIMIT_EXCEEDED, RATE_LIMITED before the write
   *   if the response is, or could be, too large
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
   * Refuses an operation whose response could be too large because it shows a text several times.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED also if the operation has already loaded too much
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
    // The first name is the key, which `sizeBytes` already includes.
    return contents * sizeBytes + (names - 1) * Math.ceil(named * encodedRatio);
  }

  #count(entries: Iterable<Sized>): void {
    let bytes = 0;
    for (const entry of entries) if (entry) bytes += this.#bytesOf(entry);
    this.#add(bytes);
  }

  #add(bytes: number): void {
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
        `This socket has more than ${this.#underWay.maxBytes} bytes of unread responses. Read them first.`,
      );
    }
  }

  #tooMuch(): BatonError {
    return limitExceeded(
      "maxResponseBytes",
      this.#maxBytes,
      `The response would hold more than ${this.#maxBytes} bytes of entries; each text is counted as often as it is shown. Request less in one operation.`,
    );
  }
}
