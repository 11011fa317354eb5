import { isLoopHeld, largeWriters, nextTurn } from "../../event-loop.ts";
import type { WriteTransaction } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import { addUsage, noUsage } from "../model/entry.ts";
import { countNamed } from "./load-clears.ts";
import { Quota } from "./quota.ts";
import type { WantedEntry } from "./state.ts";

/** One statement sums the totals of at most this many namespaces. All users wait for a group's transaction. */
const namespacesPerRead = 2_000;

/**
 * Loads the totals of a user's store.
 * @param isAlone whether the transaction is for one user: then it reads all namespaces
 * @returns null if a group's transaction would read too many namespaces
 */
export async function loadQuota(
  transaction: WriteTransaction,
  { limits, isAlone }: { readonly limits: Limits; readonly isAlone: boolean },
  userId: string,
  places: readonly WantedEntry[],
  now: Date,
): Promise<Quota | null> {
  let usage = noUsage;
  let after: string | null = "";
  while (after !== null) {
    if (isAlone && isLoopHeld()) await nextTurn(largeWriters);
    const page = { after, maxItems: namespacesPerRead };
    const part = await transaction.readTotals(userId, now, page);
    usage = addUsage(usage, part);
    after = part.namespaceCount < namespacesPerRead ? null : part.last;
    if (after !== null && !isAlone) return null;
  }
  const names = new Set(places.map(({ namespace }) => namespace));
  return new Quota(limits, usage, await countNamed(transaction, userId, names, now));
}
