import { JsonText } from "../../json/json-text.ts";
import { BatonError, type ErrorDetails } from "../../errors.ts";
import type { Caller, Condition, Place } from "./command.ts";
import type { Entry } from "../model/entry.ts";
import type { Workspace } from "./workspace.ts";

/** Who asks, as far as a decision needs to know. */
export type Asker = Pick<Caller, "agent" | "mayRead">;

/** What a caller wants an entry to be, and it is not. */
export class Unmet extends Error {
  override readonly name = "Unmet";
  readonly condition: Condition;

  constructor(condition: Condition) {
    super("A condition is not met.");
    this.condition = condition;
  }
}

/** @throws Unmet */
export function requireCondition(workspace: Workspace, condition: Condition): void {
  if (!holds(condition, workspace.entry(condition))) throw new Unmet(condition);
}

/** @throws Unmet unless the entry is at the revision that the write is meant for */
export function requireRevision(
  workspace: Workspace,
  write: Place & { readonly argument: string; readonly ifRevision: bigint | null },
): void {
  const { argument, namespace, key, ifRevision: expected } = write;
  if (expected === null) return;
  requireCondition(workspace, { argument: `${argument}.ifRevision`, namespace, key, expected });
}

/**
 * The refusal that an unmet condition comes to. It shows what there is, and never what the refused call itself had
 * written until then: that is taken back, and its revision will be another change's.
 * @param workspace after the call's own writes are undone
 */
export function conflict(
  { mayRead }: Asker,
  workspace: Workspace,
  { condition }: Unmet,
): BatonError {
  const { argument, namespace, key, expected } = condition;
  const current = workspace.entry(condition);
  const found = current?.revision ?? 0n;
  const entry = `Entry ${JSON.stringify(key)} of namespace ${JSON.stringify(namespace)}`;
  const what = holds(condition, current)
    ? `${entry} is ${says(expected)} until an earlier operation of this call changes it: only the first one can ask for that.`
    : `${entry} is ${says(found)}, not ${says(expected)}.`;
  return new Conflict(
    `${what} Nothing was changed. Decide anew from what there is, then call again; its revision is "${found}" now.`,
    { argument, namespace, key, currentRevision: String(found) },
    mayRead ? current : undefined,
  );
}

/** A condition did not hold. */
export class Conflict extends BatonError {
  /** Where the value is that it is to show, if that was not loaded. */
  readonly unloaded: Place | null;

  /** @param current what is there, to be shown; undefined for who may not read */
  constructor(message: string, details: ErrorDetails, current: Entry | null | undefined) {
    const isLoaded = current !== undefined && current?.value !== "";
    const value = current ? current.value : "null";
    super("CONFLICT", message, {
      ...details,
      ...(isLoaded && { currentValue: new JsonText(value) }),
    });
    this.unloaded = current && !isLoaded ? current : null;
  }

  /** The same, with the value that there is. */
  withValue(value: string): BatonError {
    const currentValue = new JsonText(value);
    return new BatonError("CONFLICT", this.message, { ...this.extensions, currentValue });
  }
}

function holds({ expected }: Condition, current: Entry | null): boolean {
  return typeof expected === "bigint"
    ? (current?.revision ?? 0n) === expected
    : (current !== null) === (expected === "present");
}

function says(state: Condition["expected"]): string {
  if (typeof state !== "bigint") return state;
  return state === 0n ? "absent" : `at revision ${state}`;
}
