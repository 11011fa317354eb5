import type { WriteTransaction } from "../contract.ts";
import { isExpired } from "../model/entry.ts";
import { createdKey } from "../operations/create.ts";
import type { Operation } from "../operations/operations.ts";
import type { LoadedEntry } from "./state.ts";

/**
 * Loads the stored entries whose keys the `create` operations could choose, as one range for each prefix. Usually there
 * are none.
 *
 * @param maxChanges the largest number of changes that the transaction can make in this user's store. Each loaded entry
 *   that has expired adds one change, so the range is extended.
 */
export async function loadCreated(
  transaction: WriteTransaction,
  userId: string,
  operations: readonly Operation[],
  { head, now, maxChanges }: { head: bigint; now: Date; maxChanges: number },
): Promise<LoadedEntry[]> {
  const groups = new Map<string, { readonly namespace: string; readonly keyPrefix: string }>();
  for (const operation of operations) {
    if (operation.kind !== "create") continue;
    const { namespace, keyPrefix } = operation;
    groups.set(JSON.stringify([namespace, keyPrefix]), { namespace, keyPrefix });
  }
  const found: LoadedEntry[] = [];
  if (groups.size === 0) return found;
  let from = head + 1n;
  let end = from + BigInt(maxChanges);
  while (from < end) {
    let expired = 0;
    for (const { namespace, keyPrefix } of groups.values()) {
      const range = { from: createdKey(keyPrefix, from), before: createdKey(keyPrefix, end) };
      const entries = await transaction.loadRange({ userId, namespace, ...range });
      expired += entries.filter((entry) => isExpired(entry, now)).length;
      found.push(...entries);
    }
    from = end;
    end += BigInt(expired);
  }
  return found;
}
