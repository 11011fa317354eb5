import { badUserInput, limitExceeded } from "../../errors.ts";
import type { JsonText } from "../../json/json-text.ts";
import { checkKey, checkMetadata, checkNamespace, checkValue } from "../model/limits.ts";
import type { Place } from "../model/place.ts";
import type { Scope } from "../model/grant.ts";
import { requireNamespace, requireScope } from "../model/viewer.ts";
import type { Asked, Condition, EntryWrite } from "./operation.ts";

// The input fields that several operations share, and their checks.

/** An input field of GraphQL, which can be omitted or null. */
export type Optional<T> = T | null | undefined;

/** The input of a write to one entry. */
export interface WriteInput extends Place {
  readonly ifRevision?: Optional<bigint>;
}

/** The input of a write that leaves an entry. */
export interface EntryWriteInput extends WriteInput {
  readonly metadata?: Optional<JsonText>;
  readonly ttlSeconds?: Optional<number>;
}

export interface ConditionInput extends Place {
  readonly revision?: Optional<bigint>;
  readonly exists?: Optional<boolean>;
}

/**
 * @param scope that the viewer must have in the namespace
 * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function requireWrite(
  { viewer, limits }: Asked,
  argument: string,
  namespace: string,
  scope: Scope = "write",
): void {
  requireScope(viewer, scope);
  checkNamespace(limits, `${argument}.namespace`, namespace);
  requireNamespace(viewer, scope, namespace);
}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readPlace(
  asked: Asked,
  argument: string,
  { namespace, key }: Place,
  scope?: Scope,
) {
  requireWrite(asked, argument, namespace, scope);
  checkKey(asked.limits, `${argument}.key`, key);
  return { argument, namespace, key };
}

/**
 * Reads the fields that every write of an entry can have in addition to its value.
 * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED
 */
export function readEntryWrite(
  asked: Asked,
  argument: string,
  input: EntryWriteInput,
  scope?: Scope,
): EntryWrite {
  const { metadata, ttlSeconds, ifRevision } = input;
  if (ttlSeconds != null && ttlSeconds < 0) {
    throw badUserInput(
      `${argument}.ttlSeconds`,
      `Must be 0 (no expiry) or more; this is ${ttlSeconds}.`,
    );
  }
  const { namespace, key } = readPlace(asked, argument, input, scope);
  return {
    argument,
    namespace,
    key,
    metadata:
      metadata == null ? null : checkMetadata(asked.limits, `${argument}.metadata`, metadata),
    ttlSeconds: ttlSeconds ?? null,
    ifRevision: ifRevision ?? null,
  };
}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readConditions(
  asked: Asked,
  argument: string,
  inputs: readonly ConditionInput[],
): Condition[] {
  requireCount(asked, argument, "conditions", inputs.length);
  return inputs.map((input, index) => {
    const place = readPlace(asked, `${argument}.${index}`, input);
    const { revision, exists } = input;
    if ((revision == null) === (exists == null)) {
      throw badUserInput(
        place.argument,
        'Give either `revision` ("0": the entry must be absent) or `exists`.',
      );
    }
    return { ...place, expected: revision ?? (exists ? "present" : "absent") };
  });
}

/** @throws LIMIT_EXCEEDED */
export function requireCount(
  { limits: { maxBatchOperations } }: Asked,
  argument: string,
  what: string,
  count: number,
): void {
  if (count <= maxBatchOperations) return;
  throw limitExceeded(
    "maxBatchOperations",
    maxBatchOperations,
    `One call can have at most ${maxBatchOperations} ${what}; this one has ${count}. Split the call.`,
    argument,
  );
}

/**
 * Reads a required JSON argument. GraphQL cannot require an argument that can be null, so this function checks it.
 * @returns its text
 * @throws BAD_USER_INPUT if it was omitted; LIMIT_EXCEEDED
 */
export function readValue(
  { limits }: Asked,
  argument: string,
  name: string,
  value: Optional<JsonText>,
): string {
  if (value !== undefined) return checkValue(limits, `${argument}.${name}`, value);
  throw badUserInput(`${argument}.${name}`, `Is required. For JSON's null, give ${name}: null.`);
}
