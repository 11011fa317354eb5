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

/**
 * The memory that large requests and responses hold until they are processed and read. All users share it, and each
 * user can hold at most half of it, so that unread responses of one user do not block another (G14).
 */
export class SharedMemory {
  readonly #maxBytes: number;
  readonly #byUser = new Map<string, number>();
  #bytes = 0;
  /** The callers that wait for free memory, in order of arrival. */
  readonly #waiting = new Set<() => void>();

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
    for (const wake of this.#waiting) wake();
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
    const deadline = performance.now() + patienceMs;
    while (!this.hasRoom(userId, bytes)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw noRoom();
      await this.#change(leftMs);
    }
    this.add(userId, bytes);
  }

  #change(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, maxMs);
      this.#waiting.add(wake);
    });
  }
}

function noRoom(): BatonError {
  return new BatonError(
    "RATE_LIMITED",
    "Your open requests and unread responses hold as much memory as one user can have. Read the responses, wait for requests to end, and try again.",
  );
}
