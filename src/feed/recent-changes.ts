import { changeBytes, type Change } from "../store/model/change.ts";
import type { QueueBounds } from "./event-queue.ts";

/** Dropped changes stay in the array until they are this many: removing one copies all that are kept. */
const mostDropped = 64;

/**
 * The changes of a log that were offered last, without a gap. Fast writers publish more during each read of the log, so
 * that a reader would never reach the end without these.
 */
export class RecentChanges {
  readonly #bounds: QueueBounds;
  #changes: Change[] = [];
  /** The index of the oldest change that is kept. */
  #first = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  add(changes: readonly Change[]): void {
    const [next] = changes;
    const last = this.#changes.at(-1);
    // The changes between them were not offered.
    if (next && last && next.revision !== last.revision + 1n) this.#clear();
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += changeBytes(change);
    }
    const { maxChanges, maxBytes } = this.#bounds;
    while (this.#changes.length - this.#first > maxChanges || this.#bytes > maxBytes) {
      const oldest = this.#changes[this.#first];
      if (oldest === undefined) break;
      this.#bytes -= changeBytes(oldest);
      this.#first++;
    }
    if (this.#first >= mostDropped) {
      this.#changes = this.#changes.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Returns the changes after a revision, up to the position.
   * @returns null when some of them are not kept
   */
  since(revision: bigint, position: bigint): readonly Change[] | null {
    if (revision >= position) return [];
    const first = this.#changes[this.#first]?.revision;
    const last = this.#changes.at(-1)?.revision;
    if (first === undefined || first > revision + 1n || last !== position) return null;
    return this.#changes.slice(this.#first + Number(revision + 1n - first));
  }

  #clear(): void {
    this.#changes = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}
