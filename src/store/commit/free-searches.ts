import { isLoopHeld, nextTurn, writers } from "../../event-loop.ts";
import type { FreeQuery, WriteTransaction } from "../contract.ts";
import { isExhausted } from "../model/claim.ts";
import { compareText, intersect, matches, type TextMatch } from "../model/text-match.ts";
import type { ClaimOperation } from "../operations/claim.ts";
import type { LoadedEntry, WantedEntry } from "./state.ts";

/** One transaction dead-letters at most this many exhausted entries, before the one that it grants. */
const maxDeadLettered = 500;

/** One transaction loads at most about this many free entries of one user. Its other claims wait for the next one. */
const maxLoaded = 512;
/** What the statement of a search costs, as a number of loaded entries. */
const statementCost = 16;

/** What claims of one namespace and prefix can be granted. */
interface Search {
  readonly namespace: string;
  readonly keys: TextMatch;
  /** The claims that can be granted the same entries, including its own. */
  readonly rivals: ClaimOperation[];
  /** How many entries of the range other commands touch. */
  readonly touchedCount: number;
}

/** A part of a range that was read, from its beginning. */
interface Read {
  readonly keys: TextMatch;
  readonly found: readonly LoadedEntry[];
  /** The last key that was read; null: the range was read to its end. */
  readonly through: string | null;
}

/** Finds the first free entries for the claims of one user's commands. */
export class FreeSearches {
  readonly #touched: readonly WantedEntry[];
  readonly #claims: ClaimOperation[] = [];
  readonly #searches = new Map<string, Search>();
  #cost = 0;

  /** @param touched the places that the user's commands touch */
  constructor(touched: readonly WantedEntry[]) {
    this.#touched = touched;
  }

  /** Adds a claim, unless it makes the transaction too expensive. The first claim always fits. */
  add(claim: ClaimOperation): boolean {
    const { namespace, keys } = claim;
    const id = JSON.stringify([namespace, keys]);
    const isRival = (other: { readonly namespace: string; readonly keys: TextMatch }) =>
      other.namespace === namespace && intersect(other.keys, keys) !== null;
    const others = [...this.#searches.values()].filter(isRival);
    const isNew = !this.#searches.has(id);
    const rivals = isNew ? [...this.#claims.filter(isRival), claim] : [];
    const touchedCount = isNew ? this.#countTouched(namespace, keys) : 0;
    const before = others.reduce((sum, search) => sum + costOf(search), 0);
    const after = others.reduce((sum, search) => sum + costOf(search, 1), 0);
    const own = { namespace, keys, rivals, touchedCount };
    const cost = this.#cost - before + after + (isNew ? costOf(own) : 0);
    if (cost > maxLoaded && this.#claims.length > 0) return false;
    this.#cost = cost;
    this.#claims.push(claim);
    for (const search of others) search.rivals.push(claim);
    if (isNew) this.#searches.set(id, own);
    return true;
  }

  #countTouched(namespace: string, keys: TextMatch): number {
    const found = new Set<string>();
    for (const place of this.#touched) {
      if (place.namespace === namespace && matches(keys, place.key)) found.add(place.key);
    }
    return found.size;
  }

  /**
   * Loads enough free entries for all claims, even if every other touched entry turns out not to be free.
   *
   * If some of the loaded entries are exhausted, the claims dead-letter these and need others. Then it also loads:
   *
   * 1. enough entries that are not exhausted, so that each claim can be granted one;
   * 2. the first entries of all, which the claims dead-letter on their way. Later claims handle the rest.
   */
  async load(transaction: WriteTransaction, userId: string, now: Date): Promise<LoadedEntry[]> {
    const reader = new FreeReader(transaction);
    // The wider range of two comes first: the other one continues where it ended.
    const searches = [...this.#searches.values()].sort(
      (one, other) => startOf(one.keys).length - startOf(other.keys).length,
    );
    for (const { namespace, keys, rivals, touchedCount } of searches) {
      const maxItems = rivals.length + touchedCount;
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
}

function costOf({ rivals, touchedCount }: Search, more = 0): number {
  return Math.max(statementCost, rivals.length + more + touchedCount);
}

/**
 * Reads free entries of ranges that can lie in one another. A statement passes over all held entries before the ones
 * that it finds, so no part of a range is read twice.
 */
class FreeReader {
  readonly found: LoadedEntry[] = [];
  readonly #transaction: WriteTransaction;
  /** What was read, by the namespace and the attempts of the query. */
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
