import { createHash } from "node:crypto";
import { badUserInput } from "../../errors.ts";
import { shownEntry } from "../model/entry.ts";
import type { OperationResult } from "../operations/operation.ts";
import type { Operation } from "../operations/operations.ts";
import type { Command, CommandResult, Idempotency } from "./command.ts";
import { givenKey } from "./record-key.ts";

/** How long a repeat of a mutation returns the first result. */
export const recordAgeMs = 24 * 3_600_000;

/** Identifies a call: what was asked, and who asked, as far as that makes a difference. */
export function digestOf(call: unknown): string {
  return createHash("sha256").update(JSON.stringify(call, withoutBigints)).digest("hex");
}

/** @throws BAD_USER_INPUT if the key was used for another call */
export function requireSameCall({ key, digest }: Idempotency, recorded: string): void {
  if (recorded === digest) return;
  throw badUserInput(
    "input.idempotencyKey",
    `${JSON.stringify(givenKey(key))} was used within the last 24 hours for another call, or by another agent. ` +
      "Nothing was changed. Use a new key for each call, and the same one only to repeat it.",
  );
}

/**
 * Whether a result is recorded. Workers without work ask all the time, and each record would be a row and a commit, so
 * a claim that found nothing free is not. A late repeat of it may claim an entry that nobody waits for; its lease ends.
 */
export function isRecorded({ results }: Pick<CommandResult, "results">): boolean {
  return !results.some((result) => result.kind === "claimed" && result.claim === null);
}

/** Serialises a result. A value that the call itself carries is left out: its repeat carries it too. */
export function serialiseResult({ operations }: Command, result: CommandResult): string {
  const results = result.results.map((one, index) => {
    if (!("entry" in one) || one.entry === null) return one;
    const { value, ...head } = shownEntry(one.entry);
    const isCarried = carriedValue(operations[index]) === value;
    return { ...one, entry: isCarried ? head : { ...head, value } };
  });
  return JSON.stringify({ results, revision: result.revision }, withoutBigints);
}

// JSON has neither 64-bit numbers nor instants: their members are known by name.
const revisions = new Set(["revision", "createdRevision"]);
const instants = new Set(["createdAt", "updatedAt", "expiresAt", "failedAt", "claimableAt"]);

/** Reads a result for the repeat of its call. */
export function parseResult({ operations }: Command, text: string): CommandResult {
  // Values and metadata are texts here, so no member is a caller's.
  const result = JSON.parse(text, (name, value: unknown) => {
    if (typeof value !== "string") return value;
    if (revisions.has(name)) return BigInt(value);
    return instants.has(name) ? new Date(value) : value;
  }) as CommandResult;
  const results = result.results.map((one, index): OperationResult => {
    if (!("entry" in one) || one.entry === null) return one;
    const value = one.entry.value ?? carriedValue(operations[index]);
    return { ...one, entry: { ...one.entry, value } } as OperationResult;
  });
  return { ...result, results };
}

/** The value that an operation brings, exactly as the entry then holds it. */
function carriedValue(operation: Operation | undefined): string | null {
  return operation?.kind === "set" || operation?.kind === "create" || operation?.kind === "complete"
    ? operation.value
    : null;
}

function withoutBigints(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
