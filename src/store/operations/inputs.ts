import { badUserInput, limitExceeded } from "../../errors.ts";
import type {
  AppendOperation,
  ClearOperation,
  Condition,
  DeleteOperation,
  IncrementOperation,
  Operation,
  PatchOperation,
  SetOperation,
} from "../commit/command.ts";
import type { JsonText } from "../../json/json-text.ts";
import { parseJsonPointer } from "../../json/json-pointer.ts";
import {
  checkKey,
  checkMetadata,
  checkNamespace,
  checkPath,
  checkValue,
  type Limits,
} from "../model/limits.ts";
import { exact } from "../model/text-match.ts";
import { requireNamespace, requireScope, type Viewer } from "../model/viewer.ts";

// What callers give, and its way to what a command takes: checked against limits (G9) and the viewer's part (G1).

type Optional<T> = T | null | undefined;

interface PlaceInput {
  readonly namespace: string;
  readonly key: string;
}

export interface DeleteInput extends PlaceInput {
  readonly ifRevision?: Optional<bigint>;
}

interface EntryWriteInput extends DeleteInput {
  readonly metadata?: Optional<JsonText>;
  readonly ttlSeconds?: Optional<number>;
}

export interface SetInput extends EntryWriteInput {
  readonly value?: Optional<JsonText>;
}

export interface IncrementInput extends EntryWriteInput {
  readonly by: number;
  readonly path?: Optional<string>;
}

export interface PatchInput extends EntryWriteInput {
  readonly patch?: Optional<JsonText>;
}

export interface AppendInput extends EntryWriteInput {
  readonly value?: Optional<JsonText>;
  readonly maxLength?: Optional<number>;
}

export interface ClearInput {
  readonly namespace: string;
}

export interface ConditionInput extends PlaceInput {
  readonly revision?: Optional<bigint>;
  readonly exists?: Optional<boolean>;
}

/** One of them is given. */
export interface OperationInput {
  readonly set?: Optional<SetInput>;
  readonly delete?: Optional<DeleteInput>;
  readonly increment?: Optional<IncrementInput>;
  readonly patch?: Optional<PatchInput>;
  readonly append?: Optional<AppendInput>;
  readonly clear?: Optional<ClearInput>;
}

/** Who asks, and how much may be asked. */
export interface Asked {
  readonly viewer: Viewer;
  readonly limits: Limits;
}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function requireWrite({ viewer, limits }: Asked, argument: string, namespace: string): void {
  requireScope(viewer, "write");
  checkNamespace(limits, `${argument}.namespace`, namespace);
  requireNamespace(viewer, namespace);
}

function requirePlace(asked: Asked, argument: string, { namespace, key }: PlaceInput) {
  requireWrite(asked, argument, namespace);
  checkKey(asked.limits, `${argument}.key`, key);
  return { argument, namespace, key };
}

export function heldPlace(asked: Asked, argument: string, input: PlaceInput & { token: string }) {
  return { ...requirePlace(asked, argument, input), token: input.token };
}

/** What every write of an entry may say beside its value. */
export function entryWrite(asked: Asked, argument: string, input: EntryWriteInput) {
  const { metadata, ttlSeconds, ifRevision } = input;
  if (ttlSeconds != null && ttlSeconds < 0) {
    throw badUserInput(
      `${argument}.ttlSeconds`,
      `Must be 0, which is for ever, or more; this is ${ttlSeconds}.`,
    );
  }
  return {
    ...requirePlace(asked, argument, input),
    metadata:
      metadata == null ? null : checkMetadata(asked.limits, `${argument}.metadata`, metadata),
    ttlSeconds: ttlSeconds ?? null,
    ifRevision: ifRevision ?? null,
  };
}

export function setOperation(asked: Asked, argument: string, input: SetInput): SetOperation {
  const write = entryWrite(asked, argument, input);
  const value = requireGiven(asked, argument, "value", input.value);
  return { kind: "set", ...write, value };
}

export function deleteOperation(
  asked: Asked,
  argument: string,
  input: DeleteInput,
): DeleteOperation {
  const place = requirePlace(asked, argument, input);
  return { kind: "delete", ...place, ifRevision: input.ifRevision ?? null };
}

export function incrementOperation(
  asked: Asked,
  argument: string,
  input: IncrementInput,
): IncrementOperation {
  const write = entryWrite(asked, argument, input);
  if (!Number.isFinite(input.by)) throw badUserInput(`${argument}.by`, "Must be a finite number.");
  const pointer = input.path ?? "";
  checkPath(asked.limits, `${argument}.path`, pointer);
  const path = parseJsonPointer(pointer);
  if (path === null) {
    throw badUserInput(
      `${argument}.path`,
      'Must be a JSON Pointer: "" for the value itself, else each member behind a slash, such as "/totals/done" ' +
        "(~1 for a slash in a name, ~0 for a tilde).",
    );
  }
  return { kind: "increment", ...write, by: input.by, path };
}

export function patchOperation(asked: Asked, argument: string, input: PatchInput): PatchOperation {
  const write = entryWrite(asked, argument, input);
  const patch = requireGiven(asked, argument, "patch", input.patch);
  return { kind: "patch", ...write, patch };
}

export function appendOperation(
  asked: Asked,
  argument: string,
  input: AppendInput,
): AppendOperation {
  const write = entryWrite(asked, argument, input);
  const item = requireGiven(asked, argument, "value", input.value);
  const maxLength = input.maxLength ?? null;
  if (maxLength !== null && maxLength < 1) {
    throw badUserInput(`${argument}.maxLength`, `Must be at least 1; this is ${maxLength}.`);
  }
  return { kind: "append", ...write, item, maxLength };
}

export function clearOperation(
  asked: Asked,
  argument: string,
  { namespace }: ClearInput,
): ClearOperation {
  requireWrite(asked, argument, namespace);
  return { kind: "clear", argument, namespaces: [exact(namespace)] };
}

/** Several operations, or none. */
export function operationsOf(
  asked: Asked,
  argument: string,
  inputs: readonly OperationInput[],
): Operation[] {
  requireCount(asked, argument, "operations", inputs.length);
  return inputs.map((input, index) => {
    const place = (name: string) => `${argument}.${index}.${name}`;
    if (input.set) return setOperation(asked, place("set"), input.set);
    if (input.delete) return deleteOperation(asked, place("delete"), input.delete);
    if (input.increment) return incrementOperation(asked, place("increment"), input.increment);
    if (input.patch) return patchOperation(asked, place("patch"), input.patch);
    if (input.append) return appendOperation(asked, place("append"), input.append);
    if (input.clear) return clearOperation(asked, place("clear"), input.clear);
    throw badUserInput(`${argument}.${index}`, "Names no operation.");
  });
}

export function conditionsOf(
  asked: Asked,
  argument: string,
  inputs: readonly ConditionInput[],
): Condition[] {
  requireCount(asked, argument, "conditions", inputs.length);
  return inputs.map((input, index) => {
    const place = requirePlace(asked, `${argument}.${index}`, input);
    const { revision, exists } = input;
    if ((revision == null) === (exists == null)) {
      throw badUserInput(
        place.argument,
        'Say either at which revision the entry must be ("0": absent), or with exists whether there must be one.',
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
    `One call may have ${maxBatchOperations} ${what}; these are ${count}. Split them.`,
    argument,
  );
}

/** GraphQL can't require an argument that may be null, so that is done here. */
function requireGiven(
  { limits }: Asked,
  argument: string,
  name: string,
  value: Optional<JsonText>,
): string {
  if (value !== undefined) return checkValue(limits, `${argument}.${name}`, value);
  throw badUserInput(`${argument}.${name}`, `Is required. For JSON's null, say ${name}: null.`);
}
