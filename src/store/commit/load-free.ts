import { isLoopHeld, nextTurn, writers } from "../../event-loop.ts";
import type { FreeQuery, WriteTransaction } from "../contract.ts";
import { isExhausted } from "../model/claim.ts";
import { compareText, intersect, matches, type TextMatch } from "../model/text-match.ts";
import type { ClaimOperation } from "../operations/claim.ts";
import type { Operation } from "../operations/operations.ts";
import type { LoadedEntry, WantedEntry } from "./state.ts";

/** One transaction dead-letters at most this many exhausted entries, before the one that it grants. */
const maxDeadLettered = 500;

/** A part of a range that was read, from its beginning. */
interface Read {
  readonly keys: TextMatch;
  readonly found: readonly LoadedEntry[];
  /** The last key that was read; null: the range was read to its end. */
  readonly through: string | null;
}

/**
 * Loads enough free entries for all claims, even if every other touched entry turns out not to be free.
 *
 * If some of the loaded entries are exhausted, the claims dead-letter these and need others. Then it also loads:
 *
 * 1. enough entries that are not exhausted, so that each claim can be granted one;
 * 2. the first entries of all, which the claims dead-letter on their way. Later claims handle the rest.
 */
export async function loadFree(
  transaction: WriteTransaction,
  userId: string,
  operations: readonly Operation[],
  touched: readonly WantedEntry[],
  now: Date,
): Promise<LoadedEntry[]> {
  // The candidates of a claim with a filter are loaded as touched entries.
  const claims = operations.filter(
    (operation) => operation.kind === "claim" && operation.candidates === undefined,
  ) as ClaimOperation[];
  const groups = new Map<string, ClaimOperation>();
  for (const claim of claims) groups.set(JSON.stringify([claim.namespace, claim.keys]), claim);
  // The wider range of two comes first: the other one continues where it ended.
  const byWidth = [...groups.values()].sort(
    (one, other) => startOf(one.keys).length - startOf(other.keys).length,
  );
  const reader = new FreeReader(transaction);
  for (const { namespace, keys } of byWidth) {
    const rivals = claims.filter(
      (claim) => claim.namespace === namespace && intersect(claim.keys, keys) !== null,
    );
    const others = new Set(
      touched
        .filter((place) => place.namespace === namespace && matches(keys, place.key))
        .map(({ key }) => key),
    );
    const maxItems = rivals.length + others.size;
    const query = { userId, namespace, keys, now };
    const first = await reader.read(query, maxItems);
    if (!first.some((entry) => rivals.some((claim) => isExhausted(entry, claim.maxAttempts)))) {
      continue;
    }
    const limits = rivals.flatMap(({ maxAttempts }) => maxAttempts ?? []);
    const maxAttempts = limits.length > 0 ? Math.min(...limits) : null;
    await reader.read({ ...query, maxAttempts }, maxItems);
    await reader.read(query, maxItems + maxDeadLettered);
  }
  return reader.found;
}

/**
 * Reads free entries of ranges that can lie in one another. A statement passes over all held entries before the ones
 * that it finds, so no part of a range is read twice.
 */
class FreeReader {
  readonly found: LoadedEntry[] = [];
  readonly #transaction: WriteTransaction;
  /** The parts that were read, by the namespace and the attempts of the query. */
  readonly #reads = new Map<string, Read[]>();

  constructor(transaction: WriteTransaction) {
    this.#transaction = transaction;
  }

  /** Returns the first free entries of a range. A range must be read after those that contain it. */
  async read(query: Omit<FreeQuery, "after">, maxItems: number): Promise<LoadedEntry[]> {
    const { namespace, keys, maxAttempts } = query;
    const id = JSON.stringify([namespace, maxAttempts === undefined ? "any" : maxAttempts]);
    const reads = this.#reads.get(id) ?? [];
    this.#reads.set(id, reads);
    const around = reads.filter((read) => matches(read.keys, startOf(keys)));
    const known = around.flatMap(({ found }) => found.filter(({ key }) => matches(keys, key)));
    let after = "";
    for (const { through } of around) {
      if (through === null) return known;
      if (compareText(through, after) > 0) after = through;
    }
    const missing = maxItems - known.length;
    const isBehind = !matches(keys, after) && compareText(after, startOf(keys)) > 0;
    if (missing <= 0 || isBehind) return known;
    if (isLoopHeld()) await nextTurn(writers);
    const found = await this.#transaction.loadFree({ ...query, after }, missing);
    const last = found.length < missing ? null : (found.at(-1)?.key ?? null);
    reads.push({ keys, found, through: last });
    this.found.push(...found);
    return [...known, ...found];
  }
}

/** The first text that a match can match. */
function startOf(match: TextMatch): string {
  return match.kind === "exact" ? match.text : match.prefix;
}
