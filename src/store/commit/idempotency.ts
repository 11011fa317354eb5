import { createHash } from "node:crypto";
import { badUserInput } from "../../errors.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import type { Claim } from "../model/claim.ts";
import { shownEntry, type Entry, type EntryHead } from "../model/entry.ts";
import type { OperationResult } from "../operations/operation.ts";
import type { Operation } from "../operations/operations.ts";
import type { Command, CommandResult, Idempotency } from "./command.ts";
import { givenKey } from "./record-key.ts";

/** How long an idempotency record is kept: a repeat within this time returns the first result. */
export const recordAgeMs = 24 * 3_600_000;

/** Returns the digest of a call: of its input, and of the properties of the caller that affect the result. */
export function digestOf(call: unknown): string {
  return createHash("sha256").update(JSON.stringify(call, withoutBigints)).digest("hex");
}

/** The levels of a call that are read in steps: the call, its input, and a list in it, such as the entries. */
const levelsInSteps = 3;

/** Computes the digest of a large call in steps. */
export function* digestSteps(call: unknown): Steps<string> {
  const hash = createHash("sha256");
  for (const part of jsonParts(call, levelsInSteps)) {
    hash.update(part);
    yield;
  }
  return hash.digest("hex");
}

/** Yields the JSON of a call in parts. */
function* jsonParts(value: unknown, levels: number): Generator<string, void> {
  if (levels === 0 || typeof value !== "object" || value === null) {
    yield JSON.stringify(value, withoutBigints) ?? "null";
    return;
  }
  const isList = Array.isArray(value);
  let before = isList ? "[" : "{";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined && !isList) continue;
    yield isList ? before : `${before}${JSON.stringify(name)}:`;
    yield* jsonParts(member, levels - 1);
    before = ",";
  }
  if (before !== ",") yield before;
  yield isList ? "]" : "}";
}

/** @throws BAD_USER_INPUT if the idempotency key was used for a different call */
export function requireSameCall({ key, digest }: Idempotency, recorded: string): void {
  if (recorded === digest) return;
  throw badUserInput(
    "input.idempotencyKey",
    `${JSON.stringify(givenKey(key))} was used for a different call, or by another agent, within the last 24 hours. ` +
      "Nothing was changed. Use a new key for each call, and repeat a key only to repeat its call.",
  );
}

/**
 * Whether a result is recorded. A claim that found no free entry is not: idle workers claim all the time, and each
 * record would be a row and a commit. A late repeat of such a claim can claim an entry without a worker; its lease then
 * ends.
 */
export function isRecorded({ results }: Pick<CommandResult, "results">): boolean {
  return !results.some((result) => result.kind === "claimed" && result.claim === null);
}

/**
 * A record holds the entries and errors of a result while they have at most this many characters together. It has only an
 * `EntryReference` of each other entry: the log has the entry. So a small write to a large entry has a small record.
 */
const maxKeptLength = 4 * 1024;
/** About the length of an entry's fields without its namespace, key, metadata and value. */
const fieldsLength = 300;

/** Tells which entry a record left out. */
export type EntryReference = Pick<
  EntryHead,
  "namespace" | "key" | "revision" | "updatedAt" | "sizeBytes"
>;

/**
 * Serialises a result. It leaves out values that the call itself carries, since a repeat carries them too, and what
 * exceeds `maxKeptLength`.
 */
export function serialiseResult({ operations }: Command, result: CommandResult): string {
  let left = maxKeptLength;
  const isKept = (length: number) => {
    if (length > left) return false;
    left -= length;
    return true;
  };
  const keptEntry = (entry: Entry, operation: Operation | undefined) => {
    const { value, ...head } = shownEntry(entry);
    const { namespace, key, revision, updatedAt, sizeBytes, metadata } = head;
    const own = carriedValue(operation) === value ? head : { ...head, value };
    const texts = namespace.length + key.length + metadata.length;
    const length = fieldsLength + texts + (own === head ? 0 : value.length);
    return isKept(length) ? own : { namespace, key, revision, updatedAt, sizeBytes };
  };
  const results = result.results.map((one, index) => {
    const kept: Record<string, unknown> = { ...one };
    if ("entry" in one && one.entry) kept.entry = keptEntry(one.entry, operations[index]);
    if ("claim" in one && one.claim?.error != null && !isKept(one.claim.error.length)) {
      kept.claim = { ...one.claim, error: undefined };
    }
    return kept;
  });
  return JSON.stringify({ results, revision: result.revision }, withoutBigints);
}

/** The length of a record without its key and results, and with the row's part of the index, about. */
const recordLength = 300;

/** Returns about how many bytes the record of a result without entries and claims takes. */
export function recordBytes({ key }: Idempotency, { results }: CommandResult<EntryHead>): number {
  return recordLength + 2 * key.length + JSON.stringify(results).length;
}

// JSON has neither 64-bit integers nor dates, so their members are recognised by name.
const revisions = new Set(["revision", "createdRevision"]);
const instants = new Set(["createdAt", "updatedAt", "expiresAt", "failedAt", "claimableAt"]);

/** Parses a recorded result for the repeat of its call. `completeRepeat` reads the parts that the record left out. */
export function parseResult({ operations }: Command, text: string): CommandResult {
  // Values and metadata are texts here, so no member name comes from a caller.
  const result = JSON.parse(text, (name, value: unknown) => {
    if (typeof value !== "string") return value;
    if (revisions.has(name)) return BigInt(value);
    return instants.has(name) ? new Date(value) : value;
  }) as CommandResult;
  const results = result.results.map((one, index): OperationResult => {
    if (!("entry" in one) || one.entry === null || referenceIn(one)) return one;
    const value = one.entry.value ?? carriedValue(operations[index]);
    return { ...one, entry: { ...one.entry, value } } as OperationResult;
  });
  return { ...result, results };
}

/** Returns the reference that a parsed record has instead of an entry; null if it has the entry, or needs none. */
export function referenceIn(result: OperationResult): EntryReference | null {
  if (!("entry" in result) || result.entry === null) return null;
  return "metadata" in result.entry ? null : result.entry;
}

/** Whether a parsed record left out the error of a claim. */
export function lacksError<R extends OperationResult>(
  result: R,
): result is R & { readonly claim: Claim } {
  return "claim" in result && result.claim != null && !("error" in result.claim);
}

/** Returns the value that an operation carries, if the entry then has exactly this value. */
function carriedValue(operation: Operation | undefined): string | null {
  return operation?.kind === "set" || operation?.kind === "create" || operation?.kind === "complete"
    ? operation.value
    : null;
}

function withoutBigints(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
