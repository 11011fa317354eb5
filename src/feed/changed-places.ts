import { matches } from "../store/model/text-match.ts";
import type { Selection } from "../store/model/change.ts";

/** The places of one full commit. */
const maxPlaces = 1_000;

/** A place of a change, or all keys of a namespace. */
export interface ChangedPlace {
  readonly namespace: string;
  readonly key: string | null;
}

/** The places that changed. There can be many more places than namespaces, so they are grouped by namespace. */
export class ChangedPlaces {
  readonly #keys = new Map<string, Set<string | null>>();
  #count = 0;

  add({ namespace, key }: ChangedPlace): void {
    if (this.#count > maxPlaces) return;
    const keys = this.#keys.get(namespace);
    if (keys?.has(key)) return;
    if (keys) keys.add(key);
    else this.#keys.set(namespace, new Set([key]));
    this.#count++;
    if (this.#count > maxPlaces) this.#keys.clear();
  }

  /** Whether a selection includes one of them. If there are too many to know, it may. */
  mayConcern({ namespaces, keys: match }: Selection): boolean {
    if (this.#count > maxPlaces) return true;
    for (const [namespace, keys] of this.#keys) {
      if (!namespaces.some((each) => matches(each, namespace))) continue;
      for (const key of keys) if (key === null || matches(match, key)) return true;
    }
    return false;
  }
}
