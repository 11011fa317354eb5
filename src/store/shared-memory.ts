import { getHeapStatistics } from "node:v8";
import { BatonError } from "../errors.ts";

/** What is smaller is not counted: the number of connections bounds it. */
export const smallBytes = 64 * 1024;
/** How long a request waits for room. */
const patienceMs = 10_000;
const mostBytes = 512 * 1024 * 1024;

/** A quarter of what Node may use for JavaScript's own objects: texts are there, some of them with two bytes a character. */
export function sharedMemoryBytes(): number {
  return Math.min(mostBytes, Math.floor(getHeapStatistics().heap_size_limit / 4));
}

/**
 * The memory that large requests and answers hold until they have been answered and read. Users share it, and none may
 * have more than half of it: what one user asks for and does not read is no other's loss (G14).
 */
export class SharedMemory {
  readonly #maxBytes: number;
  readonly #byUser = new Map<string, number>();
  #bytes = 0;
  /** Who waits for room, in the order of their coming. */
  readonly #waiting = new Set<() => void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that are there already. */
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

  /** Whether a user may hold so many more. Who holds nothing may hold anything. */
  hasRoom(userId: string, bytes: number): boolean {
    const own = this.#byUser.get(userId) ?? 0;
    if (own === 0) return this.#bytes < this.#maxBytes;
    return own + bytes <= this.#maxBytes / 2 && this.#bytes + bytes <= this.#maxBytes;
  }

  /** @throws RATE_LIMITED when what the user holds is more than it may */
  requireRoom(userId: string): void {
    const own = this.#byUser.get(userId) ?? 0;
    if (own > this.#maxBytes / 2 || this.#bytes > this.#maxBytes) throw noRoom();
  }

  /**
   * Counts bytes that will be there, as soon as there is room for them.
   * @throws RATE_LIMITED when there is none in time
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
    "Your requests and answers under way hold as much memory as they may. Read the answers, wait for requests to end, and try again.",
  );
}
