import { BatonError } from "../errors.ts";
import type { Caller, Condition, Place } from "./command.ts";
import type { Entry } from "./entry.ts";
import type { Workspace } from "./workspace.ts";

/** Who asks, as far as a decision needs to know. */
export type Asker = Pick<Caller, "agent" | "mayRead">;

/** @throws CONFLICT */
export function requireCondition(asker: Asker, workspace: Workspace, condition: Condition): void {
  const current = workspace.entry(condition);
  const { expected } = condition;
  const holds =
    typeof expected === "bigint"
      ? (current?.revision ?? 0n) === expected
      : (current !== null) === (expected === "present");
  if (!holds) throw conflict(asker, condition, current, expected);
}

/** @throws CONFLICT unless the entry is at the revision that the write is meant for */
export function requireRevision(
  asker: Asker,
  write: Place & { readonly argument: string; readonly ifRevision: bigint | null },
  current: Entry | null,
): void {
  const { ifRevision } = write;
  if (ifRevision === null || ifRevision === (current?.revision ?? 0n)) return;
  const argument = `${write.argument}.ifRevision`;
  throw conflict(asker, { ...write, argument }, current, ifRevision);
}

function conflict(
  { mayRead }: Asker,
  { argument, namespace, key }: Place & { readonly argument: string },
  current: Entry | null,
  expected: Condition["expected"],
): BatonError {
  const found = current?.revision ?? 0n;
  const says = (state: Condition["expected"]) => {
    if (typeof state !== "bigint") return state;
    return state === 0n ? "absent" : `at revision ${state}`;
  };
  return new BatonError(
    "CONFLICT",
    `Entry ${JSON.stringify(key)} of namespace ${JSON.stringify(namespace)} is ${says(found)}, not ${says(expected)}. ` +
      `Nothing was changed. Decide anew from what there is, then call again; its revision is "${found}" now.`,
    {
      argument,
      namespace,
      key,
      currentRevision: String(found),
      ...(mayRead && { currentValue: current && (JSON.parse(current.value) as unknown) }),
    },
  );
}
