import { BatonError } from "../../errors.ts";
import { JsonText } from "../../json/json-text.ts";
import type { StoredHead } from "../model/claim.ts";
import type { Condition } from "../operations/operation.ts";
import { holds } from "../operations/write-entry.ts";

/**
 * Returns the error for a condition that does not hold (G7).
 * @param current the stored state, without the writes of the refused command
 * @param value the entry's value; "null" if the entry does not exist
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
    ? `${entry} is ${describe(expected)} only until an earlier operation of this call changes it. Only the first operation on an entry can have this condition.`
    : `${entry} is ${describe(found)}, not ${describe(expected)}.`;
  return new BatonError(
    "CONFLICT",
    `${reason} Nothing was changed. The current revision is "${found}". Read the current state, and repeat the call if it is still needed.`,
    {
      argument,
      namespace,
      key,
      currentRevision: String(found),
      currentValue: new JsonText(value),
    },
  );
}

/** Returns the same error for a caller that cannot read: it reveals nothing about what is stored. */
export function concealedConflict(condition: Condition): BatonError {
  const { argument, namespace, key, expected } = condition;
  return new BatonError(
    "CONFLICT",
    `${entryOf(condition)} is not ${describe(expected)}. Nothing was changed. A token with the scope \`read\` in this namespace receives the current state.`,
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
