import type { StoredEntry, StoredHead } from "../model/claim.ts";
import { placeId, type Place } from "../model/place.ts";
import type { Effects } from "./state.ts";

/** The net effect of a series of writes on a user's store, without the intermediate steps. */
export class NetEffect {
  readonly #cleared = new Set<string>();
  /** By namespace and key; null: deleted. */
  readonly #left = new Map<string, Map<string, StoredEntry | null>>();

  /** Records that the namespace is cleared. */
  clear(namespace: string): void {
    this.#cleared.add(namespace);
    this.#left.delete(namespace);
  }

  /** Records the new entry of a place; null: deleted. */
  leave({ namespace, key }: Place, entry: StoredEntry | null): void {
    let own = this.#left.get(namespace);
    if (!own) this.#left.set(namespace, (own = new Map()));
    own.set(key, entry);
  }

  has({ namespace, key }: Place): boolean {
    return this.#left.get(namespace)?.has(key) ?? false;
  }

  /** The places that are written or deleted after the clears. */
  get places(): readonly Place[] {
    const places: Place[] = [];
    for (const [namespace, own] of this.#left) {
      for (const key of own.keys()) places.push({ namespace, key });
    }
    return places;
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
    for (const [namespace, own] of this.#left) {
      const isCleared = this.#cleared.has(namespace);
      for (const [key, entry] of own) {
        const before = isCleared ? null : (stored.get(placeId({ namespace, key })) ?? null);
        if (entry) written.push({ entry, before });
        else if (before) deleted.push(before);
      }
    }
    return { cleared: [...this.#cleared], deleted, written };
  }
}
