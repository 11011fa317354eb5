import type { JsonText } from "../json/json-text.ts";
import { randomBytes } from "node:crypto";
import { badUserInput } from "../errors.ts";
import { digestOf } from "./commit/answer.ts";
import type { Claim } from "./model/claim.ts";
import {
  commandOf,
  type Command,
  type CommandResult,
  type Operation,
  type OperationResult,
} from "./commit/command.ts";
import type { Committer } from "./commit/committer.ts";
import type { Entry } from "./model/entry.ts";
import {
  appendOperation,
  clearOperation,
  conditionsOf,
  deleteOperation,
  entryWrite,
  heldPlace,
  incrementOperation,
  operationsOf,
  patchOperation,
  requireCount,
  requireWrite,
  setOperation,
  type AppendInput,
  type Asked,
  type ClearInput,
  type ConditionInput,
  type DeleteInput,
  type IncrementInput,
  type OperationInput,
  type PatchInput,
  type SetInput,
} from "./operations/inputs.ts";
import {
  checkIdempotencyKey,
  checkKeyPrefix,
  checkLeaseSeconds,
  checkNamespacePrefix,
  checkValue,
  type Limits,
} from "./model/limits.ts";
import { prefixed } from "./model/text-match.ts";
import { permittedPart, requireScope, type Viewer } from "./model/viewer.ts";

/** What makes a repeat of a call return what the first came to. */
export interface Repeatable {
  readonly idempotencyKey?: string | null | undefined;
}

export interface Revised {
  /** The user's head after the write. */
  readonly revision: bigint;
}

export interface ClaimInput {
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly leaseSeconds: number;
}

export interface HeldInput {
  readonly namespace: string;
  readonly key: string;
  readonly token: string;
}

export interface CompleteInput extends HeldInput {
  /** Left out, the value stays. */
  readonly value?: JsonText | null | undefined;
  readonly metadata?: JsonText | null | undefined;
  readonly ttlSeconds?: number | null | undefined;
  readonly conditions?: readonly ConditionInput[] | null | undefined;
  readonly operations?: readonly OperationInput[] | null | undefined;
}

export interface TransactInput {
  readonly conditions?: readonly ConditionInput[] | null | undefined;
  readonly operations: readonly OperationInput[];
}

/** Everything that writes to one user's store, as its viewers may: each call is one command, whole or not at all. */
export class Writer {
  readonly #committer: Committer;
  readonly #limits: Limits;

  constructor(committer: Committer, limits: Limits) {
    this.#committer = committer;
    this.#limits = limits;
  }

  setEntry(viewer: Viewer, input: SetInput & Repeatable) {
    return this.#write(viewer, "setEntry", input, setOperation);
  }

  incrementEntry(viewer: Viewer, input: IncrementInput & Repeatable) {
    return this.#write(viewer, "incrementEntry", input, incrementOperation);
  }

  patchEntry(viewer: Viewer, input: PatchInput & Repeatable) {
    return this.#write(viewer, "patchEntry", input, patchOperation);
  }

  appendToEntry(viewer: Viewer, input: AppendInput & Repeatable) {
    return this.#write(viewer, "appendToEntry", input, appendOperation);
  }

  /** Several keys of one namespace, each once. */
  async setEntries(
    viewer: Viewer,
    input: Repeatable & {
      readonly namespace: string;
      readonly entries: readonly Omit<SetInput, "namespace">[];
    },
  ): Promise<Revised & { readonly entries: readonly Entry[] }> {
    const { namespace, entries } = input;
    const asked = this.#asked(viewer);
    requireWrite(asked, "input", namespace);
    if (entries.length === 0) throw badUserInput("input.entries", "Must hold at least one entry.");
    requireCount(asked, "input.entries", "entries", entries.length);
    const seen = new Set<string>();
    const operations = entries.map((entry, index) => {
      const argument = `input.entries.${index}`;
      if (seen.has(entry.key)) {
        const key = JSON.stringify(entry.key);
        throw badUserInput(`${argument}.key`, `${key} is set twice in this call.`);
      }
      seen.add(entry.key);
      return setOperation(asked, argument, { ...entry, namespace });
    });
    const { results, revision } = await this.#submit(viewer, "setEntries", input, operations);
    return { entries: results.map((result) => only(result, "written").entry), revision };
  }

  async deleteEntry(viewer: Viewer, input: DeleteInput & Repeatable) {
    const operation = deleteOperation(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "deleteEntry", input, [operation]);
    return { deleted: only(results[0], "deleted").deleted, revision };
  }

  async clearNamespace(viewer: Viewer, input: ClearInput & Repeatable) {
    const operation = clearOperation(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "clearNamespace", input, [operation]);
    return { ...only(results[0], "cleared"), revision };
  }

  /** Clears the viewer's part of the namespaces that begin with the prefix. */
  async clearNamespaces(viewer: Viewer, input: Repeatable & { readonly namespacePrefix: string }) {
    requireScope(viewer, "write");
    const argument = "input.namespacePrefix";
    checkNamespacePrefix(this.#limits, argument, input.namespacePrefix);
    const namespaces = permittedPart(viewer, prefixed(input.namespacePrefix));
    const { results, revision } = await this.#submit(viewer, "clearNamespaces", input, [
      { kind: "clear", argument, namespaces },
    ]);
    return { ...only(results[0], "cleared"), revision };
  }

  async transact(viewer: Viewer, input: TransactInput & Repeatable): Promise<CommandResult> {
    const asked = this.#asked(viewer);
    requireScope(viewer, "write");
    const conditions = conditionsOf(asked, "input.conditions", input.conditions ?? []);
    const operations = operationsOf(asked, "input.operations", input.operations);
    return this.#submit(viewer, "transact", input, operations, conditions);
  }

  /** Leases the first free entry, in the order of the keys. */
  async claimEntry(
    viewer: Viewer,
    input: ClaimInput & Repeatable,
  ): Promise<Revised & { readonly entry: Entry | null; readonly claim: Claim | null }> {
    const { namespace, keyPrefix } = input;
    requireWrite(this.#asked(viewer), "input", namespace);
    checkKeyPrefix(this.#limits, "input.keyPrefix", keyPrefix);
    const { leaseSeconds } = input;
    checkLeaseSeconds(this.#limits, "input.leaseSeconds", leaseSeconds);
    const { results, revision } = await this.#submit(viewer, "claimEntry", input, [
      {
        kind: "claim",
        argument: "input",
        namespace,
        keys: prefixed(keyPrefix),
        leaseSeconds,
        token: randomBytes(16).toString("base64url"),
      },
    ]);
    return { ...only(results[0], "claimed"), revision };
  }

  async completeClaim(
    viewer: Viewer,
    input: CompleteInput & Repeatable,
  ): Promise<CommandResult & { readonly entry: Entry }> {
    const asked = this.#asked(viewer);
    const { metadata, ttlSeconds } = entryWrite(asked, "input", { ...input, ifRevision: null });
    const value =
      input.value === undefined ? null : checkValue(this.#limits, "input.value", input.value);
    const place = heldPlace(asked, "input", input);
    const { results, revision } = await this.#submit(
      viewer,
      "completeClaim",
      input,
      [
        { kind: "complete", ...place, value, metadata, ttlSeconds },
        ...operationsOf(asked, "input.operations", input.operations ?? []),
      ],
      conditionsOf(asked, "input.conditions", input.conditions ?? []),
    );
    const [completed, ...others] = results;
    return { entry: only(completed, "written").entry, results: others, revision };
  }

  async renewClaim(
    viewer: Viewer,
    input: HeldInput & { readonly leaseSeconds: number } & Repeatable,
  ): Promise<Revised & { readonly claim: Claim }> {
    const place = heldPlace(this.#asked(viewer), "input", input);
    const { leaseSeconds } = input;
    checkLeaseSeconds(this.#limits, "input.leaseSeconds", leaseSeconds);
    const { results, revision } = await this.#submit(viewer, "renewClaim", input, [
      { kind: "renew", ...place, leaseSeconds },
    ]);
    return { claim: only(results[0], "renewed").claim, revision };
  }

  async releaseClaim(viewer: Viewer, input: HeldInput & Repeatable): Promise<Revised> {
    const place = heldPlace(this.#asked(viewer), "input", input);
    const { revision } = await this.#submit(viewer, "releaseClaim", input, [
      { kind: "release", ...place },
    ]);
    return { revision };
  }

  async #write<I extends Repeatable>(
    viewer: Viewer,
    call: string,
    input: I,
    toOperation: (asked: Asked, argument: string, input: I) => Operation,
  ): Promise<Revised & { readonly entry: Entry }> {
    const operation = toOperation(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, call, input, [operation]);
    return { entry: only(results[0], "written").entry, revision };
  }

  #submit(
    viewer: Viewer,
    call: string,
    { idempotencyKey, ...input }: Repeatable,
    operations: readonly Operation[],
    conditions: Command["conditions"] = [],
  ): Promise<CommandResult> {
    const { userId, agent, scopes, namespacePatterns } = viewer;
    if (idempotencyKey != null) {
      checkIdempotencyKey(this.#limits, "input.idempotencyKey", idempotencyKey);
    }
    const idempotency =
      idempotencyKey == null
        ? null
        : { key: idempotencyKey, digest: digestOf([call, agent, namespacePatterns, input]) };
    const caller = { userId, agent, mayRead: scopes.includes("read") };
    return this.#committer.submit(commandOf(caller, operations, { conditions, idempotency }));
  }

  #asked(viewer: Viewer): Asked {
    return { viewer, limits: this.#limits };
  }
}

/** The result of an operation whose kind is known. */
function only<K extends OperationResult["kind"]>(
  result: OperationResult | undefined,
  kind: K,
): OperationResult & { kind: K } {
  if (result?.kind !== kind) throw new Error(`An operation came to ${result?.kind}, not ${kind}.`);
  return result as OperationResult & { kind: K };
}
