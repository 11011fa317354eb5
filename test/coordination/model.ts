import {
  limits,
  placesOf,
  type Call,
  type Condition,
  type Operation,
  type Place,
} from "./calls.ts";
import {
  canonical,
  granted,
  isNothingFree,
  shown,
  type Answer,
  type Result,
  type Shown,
  type Stored,
} from "./answers.ts";
import { appended, incremented, patched } from "./values.ts";

export interface ModelChange {
  readonly kind: "SET" | "DELETED" | "EXPIRED" | "NAMESPACE_CLEARED";
  readonly namespace: string;
  readonly key: string | null;
  readonly agent: string | null;
  readonly entry: Shown | null;
  /** The lifetime of the entry, and the change from which it counts. */
  readonly lifetime: Stored["lifetime"];
}

class Refused {
  readonly code: string;
  /** The reason why the store refuses the call. */
  readonly place: Place | undefined;
  constructor(code: string, place?: Place) {
    this.code = code;
    this.place = place;
  }
}

/** Whether the input is refused in every state: then it reaches no transaction. */
function isReadable(call: Call): boolean {
  const operations =
    call.do === "write" ? [call.operation] : "operations" in call ? call.operations : [];
  return operations.every(
    (operation) =>
      !("increment" in operation) ||
      !Number.isInteger(operation.increment.by) ||
      Number.isSafeInteger(operation.increment.by),
  );
}

/** The fourth claim would exceed the bytes of a transaction, because the value that a claim shows is counted as 64 KiB. */
const maxClaimsOfTransaction = 3;

/**
 * The index after the last call that shares a transaction with the call at an index. A clear of many namespaces is the
 * first of a transaction.
 */
function endOfTransaction(
  calls: readonly Call[],
  from: number,
  isNew: (call: Call) => boolean,
): number {
  let claims = 0;
  let executed = 0;
  const next = calls.slice(from).findIndex((call) => {
    if (call.do === "claim" && ++claims > maxClaimsOfTransaction) return true;
    return isReadable(call) && isNew(call) && executed++ > 0 && call.do === "clear all";
  });
  return next < 0 ? calls.length : from + next;
}

/** A model of the store: some maps, and an array for the log. It runs one call after the other. */
export class Model {
  entries = new Map<string, Stored>();
  log: ModelChange[] = [];
  readonly answers = new Map<string, { asked: string; answer: Answer }>();
  /** Every claim that was granted. */
  readonly grants: (Place & { readonly token: string; readonly attempt: number })[] = [];

  get(place: Place): Stored | undefined {
    return this.entries.get(idOf(place));
  }

  /** All entries, in order. */
  get alive(): Stored[] {
    return [...this.entries.values()].filter(({ isOver }) => !isOver).sort(byPlace);
  }

  /** A part of an entry other than its value. */
  mark(place: Place, marks: Partial<Stored>): void {
    const entry = this.get(place);
    if (entry) this.entries.set(idOf(place), { ...entry, ...marks });
  }

  sweep(): void {
    for (const entry of this.entries.values()) this.#meet(entry);
  }

  /**
   * Runs calls that are sent together. They share a transaction, until it contains its largest number of claims.
   * @param tokens the tokens that the claims among them were granted
   */
  apply(calls: readonly Call[], tokens: readonly (string | undefined)[]): Answer[] {
    const answers: Answer[] = [];
    while (answers.length < calls.length) {
      const from = answers.length;
      const to = endOfTransaction(calls, from, (call) => this.#isNew(call));
      answers.push(...this.#transaction(calls.slice(from, to), tokens.slice(from, to)));
    }
    return answers;
  }

  /** Expired entries that one of the calls names are removed first. A repeat names none. */
  #transaction(calls: readonly Call[], tokens: readonly (string | undefined)[]): Answer[] {
    const submitted = calls.filter(isReadable).filter((call) => this.#isNew(call));
    for (const place of submitted.flatMap(placesOf)) {
      this.#meet(this.get(place));
    }
    return calls.map((call, index) => this.#answer(call, tokens[index] ?? "none"));
  }

  #isNew({ idempotencyKey: key }: Call): boolean {
    return key === undefined || !this.answers.has(key);
  }

  #meet(entry: Stored | undefined): void {
    if (!entry?.isOver) return;
    this.entries.delete(idOf(entry));
    this.#append("EXPIRED", entry.namespace, entry.key, null);
  }

  #answer(call: Call, token: string): Answer {
    if (!isReadable(call)) return { code: "BAD_USER_INPUT" };
    const { idempotencyKey, ...rest } = call;
    const asked = canonical(rest);
    const before = idempotencyKey === undefined ? undefined : this.answers.get(idempotencyKey);
    if (before) return before.asked === asked ? before.answer : { code: "BAD_USER_INPUT" };
    const { entries, log } = this;
    this.entries = new Map(entries);
    this.log = [...log];
    try {
      const answer = { results: this.#do(call, token), revision: this.log.length };
      if (idempotencyKey !== undefined && !isNothingFree(answer.results)) {
        this.answers.set(idempotencyKey, { asked, answer });
      }
      return answer;
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.entries = entries;
      this.log = log;
      const { code, place } = refused;
      return place ? { code, ...conflictAt(this.get(place)) } : { code };
    }
  }

  #do(call: Call, token: string): Result[] {
    const operate = (operations: readonly Operation[]) =>
      operations.map((operation) => this.#operate(operation, call.agent));
    switch (call.do) {
      case "write":
        return operate([call.operation]);
      case "clear all":
        return [this.#clear((name) => name.startsWith(call.namespacePrefix), call.agent)];
      case "transact":
        call.conditions.forEach((condition) => this.#require(condition));
        return operate(call.operations);
      case "claim": {
        for (const entry of this.alive) {
          const { namespace, key, isHeld, isCompleted, isDeadLettered } = entry;
          if (namespace !== call.namespace || !key.startsWith(call.keyPrefix)) continue;
          if (isHeld || isCompleted || isDeadLettered) continue;
          const maxAttempts = call.maxAttempts ?? entry.maxAttempts;
          if (maxAttempts !== null && entry.attempt >= maxAttempts) {
            this.mark(entry, { token: null, isDeadLettered: true });
            continue;
          }
          const attempt = entry.attempt + 1;
          const taken = { ...entry, attempt, maxAttempts, token, isHeld: true };
          this.entries.set(idOf(entry), taken);
          this.grants.push({ namespace, key, token, attempt });
          return [{ claimed: shown(entry), claim: granted(taken) }];
        }
        return [{ claimed: null }];
      }
      case "complete": {
        call.conditions.forEach((condition) => this.#require(condition));
        const entry = this.#held(call);
        const value = call.value === undefined ? entry.value : call.value;
        const written = this.#write(call, call.agent, value, true);
        const done = { isHeld: false, isCompleted: true, hasFailed: false, error: null };
        this.mark(call, { ...done, token: null });
        return [written, ...operate(call.operations)];
      }
      case "renew":
        return [{ renewed: granted(this.#held(call)) }];
      case "release":
        return [this.#giveBack(call, this.#held(call), true)];
      case "fail": {
        const held = this.#held(call);
        this.mark(call, { hasFailed: true, error: call.error ?? null });
        return [this.#giveBack(call, held, call.retry)];
      }
    }
  }

  #giveBack(
    call: Place & { readonly delaySeconds: number },
    { attempt, maxAttempts }: Stored,
    retry: boolean,
  ): Result {
    if (!retry || (maxAttempts !== null && attempt >= maxAttempts)) {
      this.mark(call, { token: null, isHeld: false, isDeadLettered: true });
      return { released: "never" };
    }
    this.mark(call, { token: null, isHeld: call.delaySeconds > 0 });
    return { released: call.delaySeconds > 0 ? "later" : "now" };
  }

  /** Makes a completed or dead-lettered entry claimable again. */
  #openAgain(place: Place, from: "isCompleted" | "isDeadLettered"): boolean {
    if (!this.get(place)?.[from]) return false;
    this.mark(place, { attempt: 0, [from]: false });
    return true;
  }

  #operate(operation: Operation, agent: string | null): Result {
    if ("clear" in operation) {
      return this.#clear((name) => name === operation.clear.namespace, agent);
    }
    if ("reopen" in operation) {
      return { reopened: this.#openAgain(operation.reopen, "isCompleted") };
    }
    if ("requeue" in operation) {
      return { requeued: this.#openAgain(operation.requeue, "isDeadLettered") };
    }
    const [input] = Object.values(operation) as [Place & { ifRevision?: bigint }];
    const entry = this.get(input);
    if (input.ifRevision !== undefined) {
      this.#require({ namespace: input.namespace, key: input.key, revision: input.ifRevision });
    }
    if ("delete" in operation) {
      if (!entry) return { deleted: false };
      this.entries.delete(idOf(entry));
      this.#append("DELETED", entry.namespace, entry.key, agent);
      return { deleted: true };
    }
    if ("set" in operation) {
      return this.#write(operation.set, agent, operation.set.value, false);
    }
    const value =
      "increment" in operation
        ? incremented(entry?.value, operation.increment)
        : "patch" in operation
          ? patched(entry?.value, operation.patch.patch)
          : appended(entry?.value, operation.append);
    if (value === undefined) throw new Refused("BAD_USER_INPUT");
    return this.#write(input, agent, value, true);
  }

  #write(
    {
      namespace,
      key,
      metadata = {},
      ttlSeconds,
    }: Place & {
      readonly metadata?: Record<string, unknown>;
      readonly ttlSeconds?: number;
    },
    agent: string | null,
    value: unknown,
    keepsLifetime: boolean,
  ): Result {
    const before = this.get({ namespace, key });
    const merged = { ...before?.metadata, ...metadata };
    if (bytes(value) > limits.maxValueBytes || bytes(merged) > limits.maxMetadataBytes) {
      throw new Refused("LIMIT_EXCEEDED");
    }
    const revision = this.log.length + 1;
    const kept = keepsLifetime ? (before?.lifetime ?? null) : null;
    const given = ttlSeconds ? { from: revision, seconds: ttlSeconds } : null;
    const entry: Stored = {
      namespace,
      key,
      value,
      metadata: merged,
      revision,
      createdRevision: before?.createdRevision ?? revision,
      createdBy: before ? before.createdBy : agent,
      updatedBy: agent,
      lifetime: ttlSeconds === undefined ? kept : given,
      isOver: false,
      token: before?.token ?? null,
      attempt: before?.attempt ?? 0,
      maxAttempts: before?.maxAttempts ?? null,
      isHeld: before?.isHeld ?? false,
      hasFailed: before?.hasFailed ?? false,
      error: before?.error ?? null,
      isCompleted: before?.isCompleted ?? false,
      isDeadLettered: before?.isDeadLettered ?? false,
    };
    this.entries.set(idOf(entry), entry);
    this.#append("SET", namespace, key, agent, entry);
    return { written: shown(entry) };
  }

  #clear(isMeant: (namespace: string) => boolean, agent: string | null): Result {
    const gone = this.alive.filter(({ namespace }) => isMeant(namespace));
    const namespaces = [...new Set(gone.map(({ namespace }) => namespace))];
    if (namespaces.length > limits.maxClearedNamespaces) throw new Refused("LIMIT_EXCEEDED");
    for (const namespace of namespaces) {
      for (const [id, entry] of this.entries) {
        if (entry.namespace === namespace) this.entries.delete(id);
      }
      this.#append("NAMESPACE_CLEARED", namespace, null, agent);
    }
    return { cleared: gone.length, namespaces };
  }

  #require(condition: Condition): void {
    const current = this.get(condition)?.revision ?? 0;
    const holds =
      "exists" in condition
        ? condition.exists === current > 0
        : Number(condition.revision) === current;
    if (!holds) throw new Refused("CONFLICT", condition);
  }

  #held(claim: Place & { readonly token: string }): Stored {
    const entry = this.get(claim);
    if (!entry?.isHeld || entry.token !== claim.token) throw new Refused("CLAIM_LOST");
    return entry;
  }

  #append(
    kind: ModelChange["kind"],
    namespace: string,
    key: string | null,
    agent: string | null,
    entry: Stored | null = null,
  ): void {
    const lifetime = entry?.lifetime ?? null;
    this.log.push({ kind, namespace, key, agent, entry: entry && shown(entry), lifetime });
  }
}

function conflictAt(entry: Stored | undefined) {
  return {
    currentRevision: entry?.revision ?? 0,
    currentValue: canonical(entry ? entry.value : null),
  };
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function idOf({ namespace, key }: Place): string {
  return `${namespace} ${key}`;
}

function byPlace(a: Place, b: Place): number {
  return Buffer.compare(Buffer.from(idOf(a)), Buffer.from(idOf(b)));
}
