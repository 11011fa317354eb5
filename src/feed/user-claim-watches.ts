import { isLoopHeld, nextTurn } from "../event-loop.ts";
import { SerialQueue } from "../serial-queue.ts";
import { ChangedPlaces, type ChangedPlace } from "./changed-places.ts";
import type { ClaimWatch } from "./claim-watch.ts";

/** The claim watches of one user. There can be thousands, with selections that take long to compare. */
export class UserClaimWatches {
  /**
   * They count one after another, so that their counts do not delay the other reads of their user. A watch that is
   * closed while it waits counts nothing.
   */
  readonly counts = new SerialQueue();
  readonly #userId: string;
  readonly #watches = new Set<ClaimWatch>();
  /** What the watches have not been compared with yet. */
  #changed: ChangedPlaces | null = null;
  #isComparing = false;

  constructor(userId: string) {
    this.#userId = userId;
  }

  get size(): number {
    return this.#watches.size;
  }

  add(watch: ClaimWatch): void {
    this.#watches.add(watch);
  }

  delete(watch: ClaimWatch): void {
    this.#watches.delete(watch);
  }

  /** Wakes the watches that select one of the places, in turns of the event loop. */
  publish(...places: readonly Iterable<ChangedPlace>[]): void {
    this.#changed ??= new ChangedPlaces();
    for (const each of places) for (const place of each) this.#changed.add(place);
    if (!this.#isComparing) void this.#compare();
  }

  /** Wakes all. */
  notice(): void {
    for (const watch of this.#watches) watch.notice();
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  async #compare(): Promise<void> {
    this.#isComparing = true;
    // Other commits can follow while this compares. They share the next round.
    for (let changed = this.#changed; changed; changed = this.#changed) {
      this.#changed = null;
      // A watch that begins after the commit counts later anyway.
      const watches = [...this.#watches];
      for (const watch of watches) {
        if (isLoopHeld()) await nextTurn(this.#userId);
        if (changed.mayConcern(watch.selection)) watch.notice();
      }
    }
    this.#isComparing = false;
  }
}
