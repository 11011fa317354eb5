import type { StoredEntry, StoredHead } from "../model/claim.ts";
import { placeId, type Place } from "../model/place.ts";
import type { Effects } from "./state.ts";

/** What a series of writes leaves of a user's store, without the steps in between. */
export class NetEffect {
  readonly #cleared = new Set<string>();
  readonly #left = new Map<string, { readonly place: Place; readonly entry: StoredEntry | null }>();

  /** The namespace is emptied. */
  clear(namespace: string): void {
    this.#cleared.add(namespace);
    for (const [id, { place }] of this.#left) {
      if (place.namespace === namespace) this.#left.delete(id);
    }
  }

  /** The place has this entry now; null: none. */
  leave(place: Place, entry: StoredEntry | null): void {
    this.#left.set(placeId(place), { place, entry });
  }

  has(id: string): boolean {
    return this.#left.has(id);
  }

  /** The places that are written or deleted after what is cleared. */
  get places(): readonly Place[] {
    return Array.from(this.#left.values(), ({ place }) => place);
  }

  /**
   * What is to be done to the rows that are stored.
   * @param stored by `placeId`; of the places that were left something, those that have a row
   */
  effects(
    stored: ReadonlyMap<string, StoredHead>,
  ): Pick<Effects, "cleared" | "deleted" | "written"> {
    const written: Effects["written"][number][] = [];
    const deleted: StoredHead[] = [];
    for (const [id, { place, entry }] of this.#left) {
      const before = this.#cleared.has(place.namespace) ? null : (stored.get(id) ?? null);
      if (entry) written.push({ entry, before });
      else if (before) deleted.push(before);
    }
    return { cleared: [...this.#cleared], deleted, written };
  }
}
