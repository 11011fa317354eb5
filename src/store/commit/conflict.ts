import { BatonError } from "../../errors.ts";
import { JsonText } from "../../json/json-text.ts";
import type { StoredHead } from "../model/claim.ts";
import type { Condition } from "../operations/operation.ts";
import { holds } from "../operations/write-entry.ts";

/**
 * The refusal that an unmet condition comes to (G7).
 * @param current what the state has, without the refused command's own writes, which are dropped
 * @param value the entry's value, "null" without an entry
 */
export function conflict(
  condition: Condition,
  current: StoredHead | null,
  value: string,
): BatonError {
  const { argument, namespace, key, expected } = condition;
  const found = current?.revision ?? 0n;
  const entry = entryOf(condition);
  const reason = holds(condition, current)
    ? `${entry} is ${describe(expected)} until an earlier operation of this call changes it: only the first one can ask for that.`
    : `${entry} is ${describe(found)}, not ${describe(expected)}.`;
  return new BatonError(
    "CONFLICT",
    `${reason} Nothing was changed. Decide again from the current state, then repeat the call; its revision is "${found}" now.`,
    {
      argument,
      namespace,
      key,
      currentRevision: String(found),
      currentValue: new JsonText(value),
    },
  );
}

/** The same refusal for a caller that may not read: it says nothing of what is stored. */
export function concealedConflict(condition: Condition): BatonError {
  const { argument, namespace, key, expected } = condition;
  return new BatonError(
    "CONFLICT",
    `${entryOf(condition)} is not ${describe(expected)}. Nothing was changed. A token that may read this namespace is told what there is.`,
    { argument, namespace, key },
  );
}

function entryOf({ namespace, key }: Condition): string {
  return `Entry ${JSON.stringify(key)} of namespace ${JSON.stringify(namespace)}`;
}

function describe(state: Condition["expected"]): string {
  if (typeof state !== "bigint") return state;
  return state === 0n ? "absent" : `at revision ${state}`;
}
