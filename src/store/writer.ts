import { badUserInput, limitExceeded, unavailable } from "../errors.ts";
import { findCandidates } from "./claim-candidates.ts";
import { inSteps } from "../in-steps.ts";
import { commandBytes, commandOf, type Command, type CommandResult } from "./commit/command.ts";
import type { Committer } from "./commit/committer.ts";
import { digestOf, digestSteps } from "./commit/idempotency.ts";
import { recordKey } from "./commit/record-key.ts";
import { maxTransactionBytes } from "./commit/transaction-bytes.ts";
import { completeRepeat, type RepeatView } from "./complete-repeat.ts";
import type { Claim } from "./model/claim.ts";
import type { Entry } from "./model/entry.ts";
import {
  checkIdempotencyKey,
  checkKey,
  checkNamespacePrefix,
  maxExaminedBytes,
  type Limits,
} from "./model/limits.ts";
import type { Place } from "./model/place.ts";
import { prefixed } from "./model/text-match.ts";
import { may, permittedPart, requireNamespace, requireScope, type Viewer } from "./model/viewer.ts";
import { readWhere, type Where } from "./model/where.ts";
import type { AppendInput } from "./operations/append.ts";
import type { ClaimInput, ClaimOperation } from "./operations/claim.ts";
import type { ClearInput } from "./operations/clear.ts";
import type { CompleteInput } from "./operations/complete.ts";
import type { CreateInput } from "./operations/create.ts";
import type { DeleteInput } from "./operations/delete.ts";
import type { FailInput } from "./operations/fail.ts";
import type { IncrementInput } from "./operations/increment.ts";
import type { OperationResult, OperationType } from "./operations/operation.ts";
import {
  operations,
  readOperations,
  type Operation,
  type OperationInput,
} from "./operations/operations.ts";
import type { PatchInput } from "./operations/patch.ts";
import {
  readConditions,
  requireCount,
  requireWrite,
  type ConditionInput,
  type Optional,
} from "./operations/read-input.ts";
import type { ReleaseInput } from "./operations/release.ts";
import type { RenewInput } from "./operations/renew.ts";
import type { RevokeInput } from "./operations/revoke.ts";
import type { SetInput } from "./operations/set.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** The idempotency key, with which a repeat of a call returns the first result (G12). */
export interface Repeatable {
  readonly idempotencyKey?: Optional<string>;
}

/** What every write returns. */
export interface Revised {
  /** The user's head revision after the write. */
  readonly revision: bigint;
}

/** The result of ending a claim without completing it. */
export interface Released extends Revised {
  /** When the entry can be claimed again; null if it is dead-lettered. */
  readonly claimableAt: Date | null;
}

export interface SetEntriesInput {
  readonly namespace: string;
  readonly entries: readonly Omit<SetInput, "namespace">[];
}

export interface DeleteEntriesInput {
  readonly namespace: string;
  readonly keys: readonly string[];
}

export interface TransactInput {
  readonly conditions?: Optional<readonly ConditionInput[]>;
  readonly operations: readonly OperationInput[];
}

export interface CompleteClaimInput extends CompleteInput {
  readonly conditions?: Optional<readonly ConditionInput[]>;
  readonly operations?: Optional<readonly OperationInput[]>;
}

/** With this many candidates, as many concurrent workers can each claim one of them. */
const maxCandidates = 16;
/** A claim fails after this many rounds in which other workers claimed all of its candidates. */
const maxClaimRounds = 50;

/**
 * The entry point of every write to a user's store. Each method checks its input and submits one command, which applies
 * completely or not at all (G6).
 */
export class Writer {
  readonly #committer: Pick<Committer, "submit">;
  readonly #limits: Limits;
  readonly #view: RepeatView;
  readonly #memory: SharedMemory;
  /** The latest digest of each user that is computed in steps. The user's later calls are submitted after it. */
  readonly #digests = new Map<string, Promise<void>>();

  /**
   * @param view where claims with a filter find candidates, and repeats find parts of their results
   * @param memory where repeats count these parts
   */
  constructor(
    committer: Pick<Committer, "submit">,
    limits: Limits,
    view: RepeatView,
    memory: SharedMemory,
  ) {
    this.#committer = committer;
    this.#limits = limits;
    this.#view = view;
    this.#memory = memory;
  }

  setEntry(viewer: Viewer, input: SetInput & Repeatable) {
    return this.#writeEntry(viewer, "setEntry", input, operations.set);
  }

  incrementEntry(viewer: Viewer, input: IncrementInput & Repeatable) {
    return this.#writeEntry(viewer, "incrementEntry", input, operations.increment);
  }

  patchEntry(viewer: Viewer, input: PatchInput & Repeatable) {
    return this.#writeEntry(viewer, "patchEntry", input, operations.patch);
  }

  appendToEntry(viewer: Viewer, input: AppendInput & Repeatable) {
    return this.#writeEntry(viewer, "appendToEntry", input, operations.append);
  }

  /** Sets several keys of one namespace, each once. */
  async setEntries(
    viewer: Viewer,
    input: SetEntriesInput & Repeatable,
  ): Promise<Revised & { readonly entries: readonly Entry[] }> {
    const { namespace, entries } = input;
    const asked = this.#asked(viewer);
    requireWrite(asked, "input", namespace);
    if (entries.length === 0) throw badUserInput("input.entries", "Must have at least one entry.");
    requireCount(asked, "input.entries", "entries", entries.length);
    const seen = new Set<string>();
    const sets = entries.map((entry, index) => {
      const argument = `input.entries.${index}`;
      if (seen.has(entry.key)) {
        const key = JSON.stringify(entry.key);
        throw badUserInput(`${argument}.key`, `${key} occurs twice in this call.`);
      }
      seen.add(entry.key);
      return operations.set.read(asked, argument, { ...entry, namespace });
    });
    const { results, revision } = await this.#submit(viewer, "setEntries", input, sets);
    return { entries: results.map((result) => only(result, "written").entry), revision };
  }

  /** Adds an entry whose key is the prefix followed by the revision. */
  createEntry(viewer: Viewer, input: CreateInput & Repeatable) {
    return this.#writeEntry(viewer, "createEntry", input, operations.create);
  }

  async deleteEntry(viewer: Viewer, input: DeleteInput & Repeatable) {
    const operation = operations.delete.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "deleteEntry", input, [operation]);
    return { deleted: only(results[0], "deleted").deleted, revision };
  }

  /** Deletes several keys of one namespace. Keys without an entry are ignored. */
  async deleteEntries(
    viewer: Viewer,
    input: DeleteEntriesInput & Repeatable,
  ): Promise<Revised & { readonly deletedKeys: readonly string[] }> {
    const { namespace, keys } = input;
    const asked = this.#asked(viewer);
    requireWrite(asked, "input", namespace);
    if (keys.length === 0) throw badUserInput("input.keys", "Must have at least one key.");
    requireCount(asked, "input.keys", "keys", keys.length);
    keys.forEach((key, index) => checkKey(this.#limits, `input.keys.${index}`, key));
    const distinct = [...new Set(keys)];
    const deletes = distinct.map((key): Operation => {
      return { kind: "delete", argument: "input.keys", namespace, key, ifRevision: null };
    });
    const { results, revision } = await this.#submit(viewer, "deleteEntries", input, deletes);
    const isDeleted = results.map((result) => only(result, "deleted").deleted);
    return { deletedKeys: distinct.filter((_, index) => isDeleted[index]), revision };
  }

  async clearNamespace(viewer: Viewer, input: ClearInput & Repeatable) {
    const operation = operations.clear.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "clearNamespace", input, [operation]);
    return { ...only(results[0], "cleared"), revision };
  }

  /** Clears the namespaces that begin with the prefix, as far as the viewer can write to them. */
  async clearNamespaces(viewer: Viewer, input: Repeatable & { readonly namespacePrefix: string }) {
    requireScope(viewer, "write");
    const argument = "input.namespacePrefix";
    checkNamespacePrefix(this.#limits, argument, input.namespacePrefix);
    const namespaces = permittedPart(viewer, "write", prefixed(input.namespacePrefix));
    const { results, revision } = await this.#submit(viewer, "clearNamespaces", input, [
      { kind: "clear", argument, namespaces },
    ]);
    return { ...only(results[0], "cleared"), revision };
  }

  async transact(viewer: Viewer, input: TransactInput & Repeatable): Promise<CommandResult> {
    const asked = this.#asked(viewer);
    requireScope(viewer, "write");
    const conditions = readConditions(asked, "input.conditions", input.conditions ?? []);
    const steps = readOperations(asked, "input.operations", input.operations);
    return this.#submit(viewer, "transact", input, steps, conditions);
  }

  /** Claims the first free entry, in key order. */
  async claimEntry(
    viewer: Viewer,
    input: ClaimInput & Repeatable,
  ): Promise<Revised & { readonly entry: Entry | null; readonly claim: Claim | null }> {
    const operation = operations.claim.read(this.#asked(viewer), "input", input);
    const where = readWhere(this.#limits, "input.where", input.where);
    if (where !== null) return this.#claimMatching(viewer, input, operation, where);
    const { results, revision } = await this.#submit(viewer, "claimEntry", input, [operation]);
    return { ...only(results[0], "claimed"), revision };
  }

  /**
   * Claims the first free entry that matches a filter:
   *
   * 1. Find candidates, without a lock.
   * 2. Submit a claim of the first candidate that is still free and unchanged.
   * 3. If other workers have claimed or changed all of them, start again.
   *
   * If no entry matches, the result has the head revision from before the search, so that a caller that waits for later
   * changes misses none.
   */
  async #claimMatching(
    viewer: Viewer,
    input: ClaimInput & Repeatable,
    operation: ClaimOperation,
    where: Where,
  ): Promise<Revised & { readonly entry: Entry | null; readonly claim: Claim | null }> {
    // A granted entry reveals something about its value, so the viewer must be able to read it.
    requireNamespace(viewer, "read", operation.namespace);
    const { namespace, keys } = operation;
    const { maxExaminedItems } = this.#limits;
    const examinedBytes = maxExaminedBytes(this.#limits);
    const bounds = {
      userId: viewer.userId,
      maxItems: maxCandidates,
      maxBytes: Infinity,
      maxExaminedItems,
      maxExaminedBytes: examinedBytes,
      closed: null,
    };
    for (let round = 0; round < maxClaimRounds; round++) {
      const query = { userId: viewer.userId, namespace, keys, where };
      const { candidates, hasMore, head } = await findCandidates(this.#view, query, bounds);
      const steps = [{ ...operation, candidates }];
      const { results, revision } = await this.#submit(viewer, "claimEntry", input, steps);
      const claimed = only(results[0], "claimed");
      if (claimed.entry !== null) return { ...claimed, revision };
      if (candidates.length > 0) continue;
      if (!hasMore) return { ...claimed, revision: head };
      throw limitExceeded(
        "maxExaminedItems",
        maxExaminedItems,
        `None of the first ${maxExaminedItems} free entries, or of the first ${examinedBytes} bytes of them, matches. Use a keyPrefix with fewer free entries.`,
        "input.where",
      );
    }
    throw unavailable("Other workers claimed every entry that matched. Try again.");
  }

  async completeClaim(
    viewer: Viewer,
    input: CompleteClaimInput & Repeatable,
  ): Promise<CommandResult & { readonly entry: Entry }> {
    const asked = this.#asked(viewer);
    const { results, revision } = await this.#submit(
      viewer,
      "completeClaim",
      input,
      [
        operations.complete.read(asked, "input", input),
        ...readOperations(asked, "input.operations", input.operations ?? []),
      ],
      readConditions(asked, "input.conditions", input.conditions ?? []),
    );
    const [completed, ...others] = results;
    return { entry: only(completed, "written").entry, results: others, revision };
  }

  async renewClaim(
    viewer: Viewer,
    input: RenewInput & Repeatable,
  ): Promise<Revised & { readonly claim: Claim }> {
    const operation = operations.renew.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "renewClaim", input, [operation]);
    return { claim: only(results[0], "renewed").claim, revision };
  }

  async releaseClaim(viewer: Viewer, input: ReleaseInput & Repeatable): Promise<Released> {
    const operation = operations.release.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "releaseClaim", input, [operation]);
    return { claimableAt: only(results[0], "released").claimableAt, revision };
  }

  async failClaim(viewer: Viewer, input: FailInput & Repeatable): Promise<Released> {
    const operation = operations.fail.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "failClaim", input, [operation]);
    return { claimableAt: only(results[0], "released").claimableAt, revision };
  }

  /** Ends a claim without its token. */
  async revokeClaim(viewer: Viewer, input: RevokeInput & Repeatable) {
    const operation = operations.revoke.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "revokeClaim", input, [operation]);
    return { revoked: only(results[0], "revoked").revoked, revision };
  }

  async reopenEntry(viewer: Viewer, input: Place & Repeatable) {
    const operation = operations.reopen.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "reopenEntry", input, [operation]);
    return { reopened: only(results[0], "reopened").reopened, revision };
  }

  async requeueEntry(viewer: Viewer, input: Place & Repeatable) {
    const operation = operations.requeue.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, "requeueEntry", input, [operation]);
    return { requeued: only(results[0], "requeued").requeued, revision };
  }

  async #writeEntry<I, O extends Operation>(
    viewer: Viewer,
    call: string,
    input: NoInfer<I> & Repeatable,
    type: OperationType<I, O>,
  ): Promise<Revised & { readonly entry: Entry }> {
    const operation = type.read(this.#asked(viewer), "input", input);
    const { results, revision } = await this.#submit(viewer, call, input, [operation]);
    return { entry: only(results[0], "written").entry, revision };
  }

  async #submit(
    viewer: Viewer,
    call: string,
    { idempotencyKey, ...input }: Repeatable,
    steps: readonly Operation[],
    conditions: Command["conditions"] = [],
  ): Promise<CommandResult> {
    const { userId, agent, grants } = viewer;
    const mayRead = mayReadAll(viewer, steps) && mayReadAll(viewer, conditions);
    const caller = { userId, agent, mayRead };
    const earlier = this.#digests.get(userId);
    if (idempotencyKey == null) {
      if (earlier) await earlier;
      return this.#committer.submit(commandOf(caller, steps, { conditions }));
    }
    checkIdempotencyKey(this.#limits, "input.idempotencyKey", idempotencyKey);
    // The writable namespaces are part of the call: they decide what clearNamespaces clears.
    const writable = grants
      .filter(({ scopes }) => scopes.includes("write"))
      .map(({ namespacePattern }) => namespacePattern);
    const made = [call, agent, writable, input];
    let digest: string;
    if (commandBytes(commandOf(caller, steps, { conditions })) > maxTransactionBytes) {
      digest = await this.#digestInSteps(userId, made);
    } else {
      if (earlier) await earlier;
      digest = digestOf(made);
    }
    const idempotency = { key: recordKey(viewer, idempotencyKey), digest };
    const command = commandOf(caller, steps, { conditions, idempotency });
    const result = await this.#committer.submit(command);
    return completeRepeat(this.#view, this.#memory, command, result);
  }

  /** Computes the digest of a large call after those of the user's earlier calls. */
  #digestInSteps(userId: string, call: unknown): Promise<string> {
    const earlier = this.#digests.get(userId);
    const begin = async () => {
      await earlier;
      return inSteps(digestSteps(call), userId);
    };
    const running = begin();
    // If it fails, only its own call fails.
    const ended = running.then(
      () => {},
      () => {},
    );
    this.#digests.set(userId, ended);
    // The calls that wait for it continue first.
    const forget = () => {
      if (this.#digests.get(userId) === ended) this.#digests.delete(userId);
    };
    void ended.then(() => queueMicrotask(forget));
    return running;
  }

  #asked(viewer: Viewer) {
    return { viewer, limits: this.#limits };
  }
}

/** Whether an error can show the viewer what is stored: the viewer can read every namespace of the call. */
function mayReadAll(viewer: Viewer, steps: Iterable<Operation | Place>): boolean {
  for (const step of steps) {
    const isReadable =
      "namespace" in step
        ? may(viewer, "read", step.namespace)
        : step.namespaces.every((match) => may(viewer, "read", match));
    if (!isReadable) return false;
  }
  return true;
}

/** Returns the result of an operation whose kind is known. */
function only<K extends OperationResult["kind"]>(
  result: OperationResult | undefined,
  kind: K,
): OperationResult & { kind: K } {
  if (result?.kind !== kind) {
    throw new Error(`The result of an operation is of kind ${result?.kind}, not ${kind}.`);
  }
  return result as OperationResult & { kind: K };
}
