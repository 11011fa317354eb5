import { getHeapStatistics } from "node:v8";
import { BatonError } from "../errors.ts";

/** Requests and responses below this size are not counted: the number of connections bounds them. */
export const smallBytes = 64 * 1024;
const defaultPatienceMs = 10_000;
/** When a refused request can be sent again. */
const retryAfterMs = 5_000;
const mostBytes = 512 * 1024 * 1024;

/** The part of all memory that `reserveDuring` reserves for one piece of work: less than a user alone can hold, a half. */
const largestPart = 3 / 8;

/** A quarter of V8's heap limit. Texts are on the heap, some of them with two bytes for each character. */
export function sharedMemoryBytes(): number {
  return Math.min(mostBytes, Math.floor(getHeapStatistics().heap_size_limit / 4));
}

/** A request that waits for free memory. */
interface Waiter {
  readonly bytes: number;
  /** The bytes that it holds already. */
  readonly held: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: () => void;
}

/**
 * The memory that large requests and responses hold until they are processed and read. All users share it. A user can
 * hold at most half of what the others leave: half of it if they hold nothing. So some users together cannot use up the
 * memory of another user (G14).
 */
export class SharedMemory {
  readonly #maxBytes: number;
  readonly #patienceMs: number;
  readonly #byUser = new Map<string, number>();
  #bytes = 0;
  /**
   * The requests that wait for free memory: those of each user in order of arrival. The user that was served last is at
   * the end. All wait equally long, so the first of a queue is the first whose time is over.
   */
  readonly #waiting = new Map<string, Waiter[]>();

  /** @param patienceMs how long a request waits for free memory */
  constructor(maxBytes: number, patienceMs = defaultPatienceMs) {
    this.#maxBytes = maxBytes;
    this.#patienceMs = patienceMs;
  }

  /** The number of bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that are already allocated. */
  add(userId: string, bytes: number): void {
    this.#bytes += bytes;
    this.#byUser.set(userId, (this.#byUser.get(userId) ?? 0) + bytes);
  }

  remove(userId: string, bytes: number): void {
    this.#bytes -= bytes;
    const left = (this.#byUser.get(userId) ?? 0) - bytes;
    if (left > 0) this.#byUser.set(userId, left);
    else this.#byUser.delete(userId);
    while (this.#serveOne());
  }

  /**
   * Whether a user can hold this many more bytes. A user that holds nothing else can hold any number, while the others
   * leave anything.
   * @param held the bytes that the same request holds already
   */
  hasRoom(userId: string, bytes: number, held = 0): boolean {
    const own = this.#byUser.get(userId) ?? 0;
    const left = this.#maxBytes - (this.#bytes - own);
    return own === held ? left > 0 : own + bytes <= left / 2;
  }

  /** @throws RATE_LIMITED if the user holds more than its share */
  requireRoom(userId: string): void {
    const own = this.#byUser.get(userId) ?? 0;
    const left = this.#maxBytes - (this.#bytes - own);
    if (own > left / 2) throw this.#noRoom(own);
  }

  /**
   * Counts bytes that will be allocated, if they fit now. A request that holds nothing yet does not overtake the waiting
   * requests of its user.
   * @param held the bytes that the same request holds already
   */
  tryReserve(userId: string, bytes: number, held = 0): boolean {
    const mustQueue = held === 0 && this.#waiting.has(userId);
    if (mustQueue || !this.hasRoom(userId, bytes, held)) return false;
    this.add(userId, bytes);
    return true;
  }

  /**
   * Counts bytes that will be allocated, as soon as they fit.
   * @param held the bytes that the same request holds already
   * @throws RATE_LIMITED if they do not fit in time
   */
  async reserve(userId: string, bytes: number, held = 0): Promise<void> {
    if (this.tryReserve(userId, bytes, held)) return;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#takeFirst(userId);
        reject(this.#noRoom((this.#byUser.get(userId) ?? 0) + bytes));
        // The next one can be smaller.
        while (this.#serveOne());
      }, this.#patienceMs);
      const waiter = { bytes, held, timer, resolve };
      const own = this.#waiting.get(userId);
      if (own) own.push(waiter);
      else this.#waiting.set(userId, [waiter]);
    });
  }

  /**
   * Reserves bytes while work runs. What the work returns is counted separately. Larger work reserves only `largestPart`:
   * it still fits together with its own request, and a second one of the same user waits.
   * @throws RATE_LIMITED as `reserve` does
   */
  async reserveDuring<R>(userId: string, bytes: number, work: () => Promise<R>): Promise<R> {
    if (bytes <= smallBytes) return work();
    const reserved = Math.min(bytes, Math.floor(this.#maxBytes * largestPart));
    await this.reserve(userId, reserved);
    try {
      return await work();
    } finally {
      this.remove(userId, reserved);
    }
  }

  /** Serves the first user whose first request fits. Returns false if there is none. */
  #serveOne(): boolean {
    if (this.#bytes >= this.#maxBytes) return false;
    for (const [userId, [first]] of this.#waiting) {
      if (!first || !this.hasRoom(userId, first.bytes, first.held)) continue;
      this.#takeFirst(userId);
      clearTimeout(first.timer);
      this.add(userId, first.bytes);
      first.resolve();
      return true;
    }
    return false;
  }

  #takeFirst(userId: string): void {
    const own = this.#waiting.get(userId);
    own?.shift();
    this.#waiting.delete(userId);
    if (own && own.length > 0) this.#waiting.set(userId, own);
  }

  /** @param wanted the bytes that the user would hold */
  #noRoom(wanted: number): BatonError {
    const message =
      wanted > this.#maxBytes / 2
        ? "Your open requests and unread responses hold as much memory as one user can have. Read the responses, wait for requests to end, and try again."
        : "The open requests and unread responses of all users hold nearly all the memory that the server has for them. Try again later.";
    return new BatonError("RATE_LIMITED", message, { retryAfterMs });
  }
}
