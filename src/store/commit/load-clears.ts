import type { BatonError } from "../../errors.ts";
import { isLoopHeld, nextTurn, writers } from "../../event-loop.ts";
import type { WriteTransaction } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import { exact } from "../model/text-match.ts";
import { tooManyNamespaces, type ClearOperation } from "../operations/clear.ts";
import { baseSizeBytes } from "../operations/operation.ts";
import type { Command, Postponed } from "./command.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";

/** The number of namespaces whose entries one statement counts. */
const namespacesPerRead = 100;
/** The number of names that one statement reads. */
const namesPerRead = 1_000;

export interface LoadedClears {
  /** By namespace. The namespaces of `clearNamespaces` come first, in the order of their names. */
  readonly entryCounts: ReadonlyMap<string, number>;
  /** Whether the first command can be decided now: see `load`. */
  readonly admission: { readonly postponed: Postponed } | BatonError | null;
}

/** Returns the operation of a command that clears all namespaces with a prefix. It is the command's only operation. */
export function clearOfMany({ operations }: Command): ClearOperation | null {
  const [first] = operations;
  return first?.kind === "clear" && exactName(first) === null ? first : null;
}

/** The only namespace that an operation clears; null: it clears those that match. */
function exactName({ namespaces }: ClearOperation): string | null {
  const [match, another] = namespaces;
  return match?.kind === "exact" && another === undefined ? match.text : null;
}

/**
 * Loads the number of entries of the namespaces that one user's commands can clear:
 *
 * 1. If the first command clears all namespaces with a prefix, count these first. If there are too many, it is refused,
 *    and their names are not read. If they are more than a group's transaction can clear, it is postponed.
 * 2. Otherwise read their names.
 * 3. Read the counts of the namespaces that the other commands clear.
 */
export async function loadClears(
  transaction: WriteTransaction,
  { limits, isAlone }: { readonly limits: Limits; readonly isAlone: boolean },
  userId: string,
  commands: readonly Command[],
  now: Date,
): Promise<LoadedClears> {
  const counts = new Map<string, number>();
  const many = commands[0] ? clearOfMany(commands[0]) : null;
  let admission: LoadedClears["admission"] = null;
  if (many) {
    const max = limits.maxClearedNamespaces;
    const count = await transaction.countNamespaces(userId, many.namespaces, now, max + 1);
    if (count > max) admission = tooManyNamespaces(max, many);
    else if (!isAlone && count * baseSizeBytes > maxTransactionBytes) {
      admission = { postponed: "large" };
    } else await readCounts(transaction, userId, many, now, counts);
  }
  const names = new Set<string>();
  for (const { operations } of commands) {
    for (const operation of operations) {
      const name = operation.kind === "clear" ? exactName(operation) : null;
      if (name !== null) names.add(name);
    }
  }
  for (const [name, count] of await countNamed(transaction, userId, names, now)) {
    counts.set(name, count);
  }
  return { entryCounts: counts, admission };
}

async function readCounts(
  transaction: WriteTransaction,
  userId: string,
  { namespaces }: ClearOperation,
  now: Date,
  counts: Map<string, number>,
): Promise<void> {
  let after = "";
  for (;;) {
    const page = { after, maxItems: namesPerRead };
    const found = await transaction.countEntries(userId, namespaces, now, page);
    for (const [name, count] of found) counts.set((after = name), count);
    if (found.size < namesPerRead) return;
    if (isLoopHeld()) await nextTurn(writers);
  }
}

/** Returns the number of entries of each of these namespaces that has any. */
export async function countNamed(
  transaction: WriteTransaction,
  userId: string,
  names: ReadonlySet<string>,
  now: Date,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const matches = Array.from(names, exact);
  for (let start = 0; start < matches.length; start += namespacesPerRead) {
    if (isLoopHeld()) await nextTurn(writers);
    const some = matches.slice(start, start + namespacesPerRead);
    for (const [name, count] of await transaction.countEntries(userId, some, now)) {
      counts.set(name, count);
    }
  }
  return counts;
}
