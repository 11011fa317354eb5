import { changeBytes, type Change } from "../store/model/change.ts";
import type { QueueBounds } from "./event-queue.ts";

/**
 * The changes of a log that were offered last, without a gap. Fast writers publish more during each read of the log, so
 * that a reader would never reach the end without these.
 */
export class RecentChanges {
  readonly #bounds: QueueBounds;
  #changes: Change[] = [];
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  add(changes: readonly Change[]): void {
    const [first] = changes;
    const last = this.#changes.at(-1);
    // A gap: the changes in between were not offered, so the earlier ones are of no use.
    if (first && last && first.revision !== last.revision + 1n) this.#drop(this.#changes.length);
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += changeBytes(change);
    }
    let excess = Math.max(0, this.#changes.length - this.#bounds.maxChanges);
    let bytes = this.#bytes;
    for (const [index, change] of this.#changes.entries()) {
      if (index >= excess && bytes <= this.#bounds.maxBytes) break;
      bytes -= changeBytes(change);
      excess = Math.max(excess, index + 1);
    }
    if (excess > 0) this.#drop(excess);
  }

  /**
   * Returns the changes after a revision, up to the position.
   * @returns null if some of them are no longer kept
   */
  since(revision: bigint, position: bigint): readonly Change[] | null {
    if (revision >= position) return [];
    const first = this.#changes[0]?.revision;
    const last = this.#changes.at(-1)?.revision;
    if (first === undefined || first > revision + 1n || last !== position) return null;
    return this.#changes.slice(Number(revision + 1n - first));
  }

  #drop(count: number): void {
    for (const change of this.#changes.slice(0, count)) this.#bytes -= changeBytes(change);
    this.#changes = this.#changes.slice(count);
  }
}
