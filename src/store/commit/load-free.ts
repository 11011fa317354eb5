import { isLoopHeld, largeWriters, nextTurn, writers } from "../../event-loop.ts";
import type { FreeEntries, FreeQuery, WriteTransaction } from "../contract.ts";
import { isExhausted } from "../model/claim.ts";
import { compareText, firstText, intersect, matches, type TextMatch } from "../model/text-match.ts";
import type { ClaimOperation } from "../operations/claim.ts";
import type { Operation } from "../operations/operations.ts";
import type { LoadedEntry, WantedEntry } from "./state.ts";

/**
 * One statement examines at most this many entries, because held ones come before the free ones. All users wait for a
 * group's transaction.
 */
const maxExamined = { group: 2_000, alone: 10_000 };
/** One transaction dead-letters at most this many exhausted entries, before the one that it grants. */
const maxDeadLettered = 500;

/** A part of a range that was read, from its beginning. */
interface Read {
  readonly keys: TextMatch;
  readonly found: readonly LoadedEntry[];
  /** The last key that was read; null: the range was read to its end. */
  readonly through: string | null;
}

export interface LoadedFree {
  readonly entries: readonly LoadedEntry[];
  /** Claims whose free entries come after more held ones than a group's transaction examines. */
  readonly large: ReadonlySet<Operation>;
}

/**
 * Loads enough free entries for all claims, even if every other touched entry turns out not to be free.
 *
 * If some of the loaded entries are exhausted, the claims dead-letter these and need others. Then it also loads:
 *
 * 1. enough entries that are not exhausted, so that each claim can be granted one;
 * 2. the first entries of all, which the claims dead-letter on their way. Later claims handle the rest.
 *
 * @param isAlone whether the transaction is for one user: then it examines as many entries as needed
 */
export async function loadFree(
  transaction: WriteTransaction,
  userId: string,
  operations: readonly Operation[],
  touched: readonly WantedEntry[],
  now: Date,
  isAlone: boolean,
): Promise<LoadedFree> {
  // The candidates of a claim with a filter are loaded as touched entries.
  const claims = operations.filter(
    (operation) => operation.kind === "claim" && operation.candidates === undefined,
  ) as ClaimOperation[];
  const groups = new Map<string, [ClaimOperation, ...ClaimOperation[]]>();
  for (const claim of claims) {
    const id = JSON.stringify([claim.namespace, claim.keys]);
    const own = groups.get(id);
    if (own) own.push(claim);
    else groups.set(id, [claim]);
  }
  // The wider range of two comes first: the other one continues where it ended.
  const byWidth = [...groups.values()].sort(
    ([one], [other]) => firstText(one.keys).length - firstText(other.keys).length,
  );
  const reader = new FreeReader(transaction, isAlone);
  const large = new Set<Operation>();
  for (const own of byWidth) {
    const { namespace, keys } = own[0];
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
    let isComplete = first !== null;
    if (first?.some((entry) => rivals.some((claim) => isExhausted(entry, claim.maxAttempts)))) {
      const limits = rivals.flatMap(({ maxAttempts }) => maxAttempts ?? []);
      const maxAttempts = limits.length > 0 ? Math.min(...limits) : null;
      isComplete = (await reader.read({ ...query, maxAttempts }, maxItems)) !== null;
      if (isComplete) await reader.read(query, maxItems + maxDeadLettered);
    }
    if (!isComplete) for (const claim of own) large.add(claim);
  }
  return { entries: reader.found, large };
}

/**
 * Reads free entries of ranges that can lie in one another. A statement passes over all held entries before the ones
 * that it finds, so no part of a range is read twice.
 */
class FreeReader {
  readonly found: LoadedEntry[] = [];
  readonly #transaction: WriteTransaction;
  readonly #isAlone: boolean;
  /** The parts that were read, by the namespace and the attempts of the query. */
  readonly #reads = new Map<string, Read[]>();

  constructor(transaction: WriteTransaction, isAlone: boolean) {
    this.#transaction = transaction;
    this.#isAlone = isAlone;
  }

  /**
   * Returns the first free entries of a range; null if a group's transaction would examine too many. A range must be read
   * after those that contain it.
   */
  async read(
    query: Omit<FreeQuery, "after">,
    maxItems: number,
  ): Promise<readonly LoadedEntry[] | null> {
    const { namespace, keys, maxAttempts } = query;
    const id = JSON.stringify([namespace, maxAttempts === undefined ? "any" : maxAttempts]);
    const reads = this.#reads.get(id) ?? [];
    this.#reads.set(id, reads);
    const around = reads.filter((read) => matches(read.keys, firstText(keys)));
    const known = around.flatMap(({ found }) => found.filter(({ key }) => matches(keys, key)));
    let after = "";
    for (const { through } of around) {
      if (through === null) return known;
      if (compareText(through, after) > 0) after = through;
    }
    const missing = maxItems - known.length;
    const isBehind = !matches(keys, after) && compareText(after, firstText(keys)) > 0;
    if (missing <= 0 || isBehind) return known;
    const { entries, stoppedAt } = await this.#readAfter({ ...query, after }, missing);
    const last = entries.length < missing ? null : (entries.at(-1)?.key ?? null);
    reads.push({ keys, found: entries, through: stoppedAt ?? last });
    this.found.push(...entries);
    return stoppedAt === null ? [...known, ...entries] : null;
  }

  async #readAfter(query: FreeQuery, maxItems: number): Promise<FreeEntries> {
    const entries: LoadedEntry[] = [];
    let stoppedAt: string | null = query.after;
    const examined = this.#isAlone ? maxExamined.alone : maxExamined.group;
    do {
      if (isLoopHeld()) await nextTurn(this.#isAlone ? largeWriters : writers);
      const next = { ...query, after: stoppedAt };
      const page = await this.#transaction.loadFree(next, maxItems - entries.length, examined);
      entries.push(...page.entries);
      stoppedAt = page.stoppedAt;
    } while (stoppedAt !== null && this.#isAlone);
    return { entries, stoppedAt };
  }
}
