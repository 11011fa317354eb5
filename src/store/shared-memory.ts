import { getHeapStatistics } from "node:v8";
import { BatonError } from "../errors.ts";

/** Requests and responses below this size are not counted: the number of connections bounds them. */
export const smallBytes = 64 * 1024;
/** How long a request waits for free memory. */
const patienceMs = 10_000;
const mostBytes = 512 * 1024 * 1024;

/** A quarter of V8's heap limit. Texts are on the heap, some of them with two bytes for each character. */
export function sharedMemoryBytes(): number {
  return Math.min(mostBytes, Math.floor(getHeapStatistics().heap_size_limit / 4));
}

/** A request that waits for free memory. */
interface Waiter {
  readonly bytes: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: () => void;
}

/**
 * The memory that large requests and responses hold until they are processed and read. All users share it, and each
 * user can hold at most half of it, so that unread responses of one user do not block another (G14).
 */
export class SharedMemory {
  readonly #maxBytes: number;
  readonly #byUser = new Map<string, number>();
  #bytes = 0;
  /**
   * The requests that wait for free memory: those of each user in order of arrival. The user that was served last is at
   * the end. All wait equally long, so the first of a queue is the first whose time is over.
   */
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
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

  /** Whether a user can hold this many more bytes. A user that holds nothing can hold any number. */
  hasRoom(userId: string, bytes: number): boolean {
    const own = this.#byUser.get(userId) ?? 0;
    if (own === 0) return this.#bytes < this.#maxBytes;
    return own + bytes <= this.#maxBytes / 2 && this.#bytes + bytes <= this.#maxBytes;
  }

  /** @throws RATE_LIMITED if the user holds more than its share */
  requireRoom(userId: string): void {
    const own = this.#byUser.get(userId) ?? 0;
    if (own > this.#maxBytes / 2 || this.#bytes > this.#maxBytes) throw noRoom();
  }

  /**
   * Counts bytes that will be allocated, as soon as they fit.
   * @throws RATE_LIMITED if they do not fit in time
   */
  async reserve(userId: string, bytes: number): Promise<void> {
    if (!this.#waiting.has(userId) && this.hasRoom(userId, bytes)) return this.add(userId, bytes);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#takeFirst(userId);
        reject(noRoom());
        // The next one can be smaller.
        while (this.#serveOne());
      }, patienceMs);
      const waiter = { bytes, timer, resolve };
      const own = this.#waiting.get(userId);
      if (own) own.push(waiter);
      else this.#waiting.set(userId, [waiter]);
    });
  }

  /** Serves the first user whose first request fits. Returns false if there is none. */
  #serveOne(): boolean {
    if (this.#bytes >= this.#maxBytes) return false;
    for (const [userId, [first]] of this.#waiting) {
      if (!first || !this.hasRoom(userId, first.bytes)) continue;
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
}

function noRoom(): BatonError {
  return new BatonError(
    "RATE_LIMITED",
    "Your open requests and unread responses hold as much memory as one user can have. Read the responses, wait for requests to end, and try again.",
  );
}
