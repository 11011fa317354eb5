import type { StoredEntry, StoredHead } from "../model/claim.ts";
import { placeId, type Place } from "../model/place.ts";
import type { Effects } from "./state.ts";

/** The net effect of a series of writes on a user's store, without the intermediate steps. */
export class NetEffect {
  readonly #cleared = new Set<string>();
  readonly #left = new Map<string, { readonly place: Place; readonly entry: StoredEntry | null }>();

  /** Records that the namespace is cleared. */
  clear(namespace: string): void {
    this.#cleared.add(namespace);
    for (const [id, { place }] of this.#left) {
      if (place.namespace === namespace) this.#left.delete(id);
    }
  }

  /** Records the new entry of a place; null: deleted. */
  leave(place: Place, entry: StoredEntry | null): void {
    this.#left.set(placeId(place), { place, entry });
  }

  has(id: string): boolean {
    return this.#left.has(id);
  }

  /** The places that are written or deleted after the clears. */
  get places(): readonly Place[] {
    return Array.from(this.#left.values(), ({ place }) => place);
  }

  /**
   * Returns the changes to the stored rows.
   * @param stored by `placeId`; the stored rows of these places, if they have one
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
