import { limitExceeded, type BatonError } from "../../errors.ts";
import type { Usage } from "../model/entry.ts";
import type { Limits } from "../model/limits.ts";
import { placeId, type Place } from "../model/place.ts";
import type { Draft } from "./draft.ts";
import type { State } from "./state.ts";

/** The limits of a user's store; 0: no limit. */
type Quotas = Pick<Limits, "maxEntries" | "maxNamespaces" | "maxStoredMebibytes">;

const mebibyte = 1024 * 1024;

/** Whether any limit is set. */
export function hasQuotas({ maxEntries, maxNamespaces, maxStoredMebibytes }: Quotas): boolean {
  return maxEntries + maxNamespaces + maxStoredMebibytes > 0;
}

/**
 * The totals of one user's store within a transaction, and their limits. A command that increases a total beyond its
 * limit is refused; a command that decreases it is not. Cleared entries count until the transaction ends.
 */
export class Quota {
  readonly #quotas: Quotas;
  readonly #usage: { namespaceCount: number; entryCount: number; sizeBytes: number };
  readonly #counts: Map<string, number>;

  /** @param counts the number of entries of each namespace that a command writes to */
  constructor(quotas: Quotas, usage: Usage, counts: ReadonlyMap<string, number>) {
    this.#quotas = quotas;
    this.#usage = { ...usage };
    this.#counts = new Map(counts);
  }

  /** Adds the changes of a command, or returns an error and adds nothing if they exceed a limit. */
  take(state: State, draft: Draft): BatonError | null {
    const places = new Map<string, Place>();
    for (const { namespace, key } of draft.changes) {
      if (key !== null) places.set(placeId({ namespace, key }), { namespace, key });
    }
    const counts = new Map<string, number>();
    const more = { namespaceCount: 0, entryCount: 0, sizeBytes: 0 };
    for (const place of places.values()) {
      const before = state.entry(place);
      const after = draft.entry(place);
      const difference = (after ? 1 : 0) - (before ? 1 : 0);
      more.entryCount += difference;
      more.sizeBytes += (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0);
      const { namespace } = place;
      const count = counts.get(namespace) ?? this.#counts.get(namespace) ?? 0;
      counts.set(namespace, count + difference);
    }
    for (const [namespace, count] of counts) {
      const before = this.#counts.get(namespace) ?? 0;
      more.namespaceCount += (count > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    }
    const error =
      this.#check("maxEntries", "entryCount", more, 1) ??
      this.#check("maxNamespaces", "namespaceCount", more, 1) ??
      this.#check("maxStoredMebibytes", "sizeBytes", more, mebibyte);
    if (error) return error;
    for (const [namespace, count] of counts) this.#counts.set(namespace, count);
    this.#usage.namespaceCount += more.namespaceCount;
    this.#usage.entryCount += more.entryCount;
    this.#usage.sizeBytes += more.sizeBytes;
    return null;
  }

  #check(quota: keyof Quotas, what: keyof Usage, more: Usage, unit: number): BatonError | null {
    const max = this.#quotas[quota];
    if (max === 0 || more[what] <= 0 || this.#usage[what] + more[what] <= max * unit) return null;
    const shown = { entryCount: "entries", namespaceCount: "namespaces", sizeBytes: "MiB" }[what];
    return limitExceeded(
      quota,
      max,
      `The store can hold at most ${max} ${shown}. Delete or clear what is not needed; these writes are always accepted.`,
    );
  }
}
