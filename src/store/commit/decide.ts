import { BatonError, limitExceeded } from "../../errors.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import {
  baseSizeBytes,
  writtenBytes,
  type Condition,
  type OperationResult,
  type Refused,
  type Rules,
  type Unmet,
} from "../operations/operation.ts";
import { typeOf, type Operation } from "../operations/operations.ts";
import { holds } from "../operations/write-entry.ts";
import type { Command, CommandResult } from "./command.ts";
import { concealed } from "./concealed.ts";
import { Draft } from "./draft.ts";
import type { LoadedEntry, State } from "./state.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";

/** The decision about a command. */
export type Decision =
  | {
      readonly kind: "done";
      readonly draft: Draft;
      /** Without the values of entries that a claim granted. */
      readonly result: CommandResult<LoadedEntry>;
      /** What it costs to write and to remove, as a number of written bytes. */
      readonly cost: number;
    }
  /** Nothing is written. `found` is the stored state at the condition's place. */
  | (Unmet & { readonly found: LoadedEntry | null })
  | Refused;

/**
 * Decides one command; one step for each operation. It is pure: it reads its arguments and has no side effects.
 * @returns null if the command turns out to be large, and the transaction is not for its user alone
 */
export function* decide(
  rules: Rules & { readonly isAlone: boolean },
  state: State,
  command: Command,
): Steps<Decision | null> {
  const draft = new Draft(state);
  for (const condition of command.conditions) {
    if (!holds(condition, draft.entry(condition))) return unmet(state, condition);
  }
  const results: OperationResult<LoadedEntry>[] = [];
  let bytes = 0;
  let clearedCount = 0;
  try {
    for (const operation of command.operations) {
      const decided = typeOf(operation).decide(draft, operation, rules);
      const result = Symbol.iterator in decided ? yield* decided : decided;
      if (result.kind === "unmet") return unmet(state, result.condition);
      results.push(result);
      // A thousand small increments of one large value write the value a thousand times.
      bytes += writtenBytes(result);
      if (bytes > rules.limits.maxResponseBytes) throw tooMuch(rules, operation);
      if (bytes > maxTransactionBytes && !rules.isAlone) return null;
      if (result.kind === "cleared") clearedCount += result.clearedCount;
      yield;
    }
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    return { kind: "refused", error: command.mayRead ? error : concealed(error) };
  }
  const cost = bytes + removalCost(state, draft, clearedCount);
  if (cost > maxTransactionBytes && !rules.isAlone) return null;
  return { kind: "done", draft, result: { results, revision: draft.head }, cost };
}

/** Removing bytes takes about a quarter of the time of writing them. */
const removalPart = 1 / 4;

/** What it costs to remove the stored entries that a draft replaces, deletes or clears, as a number of written bytes. */
function removalCost(state: State, { changes }: Draft, clearedCount: number): number {
  let bytes = 0;
  for (const { namespace, key } of changes) {
    if (key !== null) bytes += state.entry({ namespace, key })?.sizeBytes ?? 0;
  }
  return bytes * removalPart + clearedCount * baseSizeBytes;
}

/** A condition can fail because of the command's own writes. The error shows the state without them. */
function unmet(state: State, condition: Condition): Decision {
  return { kind: "unmet", condition, found: state.entry(condition) };
}

function tooMuch({ limits: { maxResponseBytes } }: Rules, { argument }: Operation): BatonError {
  return limitExceeded(
    "maxResponseBytes",
    maxResponseBytes,
    `The entries that one call writes can have at most ${maxResponseBytes} bytes together; each entry is counted as often as it is written. Split the call.`,
    argument,
  );
}
