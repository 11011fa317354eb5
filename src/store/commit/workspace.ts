import { serialiseResult, type StoredAnswer } from "./answer.ts";
import type { Change } from "../model/change.ts";
import { isFree, type ClaimState, type StoredEntry } from "../model/claim.ts";
import type { CommandResult, Place } from "./command.ts";
import { isExpired } from "../model/entry.ts";
import { compareText, matches, type TextMatch } from "../model/text-match.ts";

/** What a mutation with an idempotency key came to. */
export interface Answer extends Omit<StoredAnswer, "results"> {
  readonly result: CommandResult;
}

/** What a transaction writes for one user. To be applied in the order of the fields. */
export interface Effects {
  /** Namespaces to empty first. */
  readonly cleared: readonly string[];
  readonly deleted: readonly Place[];
  readonly written: readonly StoredEntry[];
  /** Entries of which nothing but the claim is another. */
  readonly claimed: readonly (Place & { readonly claim: ClaimState })[];
  readonly changes: readonly Change[];
  readonly answers: readonly StoredAnswer[];
  readonly head: bigint;
}

/** What was loaded for one user. */
export interface Loaded {
  readonly head: bigint;
  /** The database's clock. */
  readonly now: Date;
  /** Those that a command touches, and the first free ones where a command claims. */
  readonly entries: Iterable<StoredEntry>;
  /** How many entries each namespace holds that a command may clear. */
  readonly entryCounts: ReadonlyMap<string, number>;
  readonly answers: Iterable<Answer>;
}

/**
 * One user's store within a transaction: what was loaded of it, as the commands so far have changed it. What has
 * expired by then is removed before anything is decided, so that each expiry is one change, whoever meets it first.
 */
export class Workspace {
  readonly now: Date;
  readonly #entries: Map<string, StoredEntry>;
  readonly #entryCounts: Map<string, number>;
  readonly #answers: Map<string, Answer>;
  readonly #newAnswers: Answer[] = [];
  readonly #changes: Change[] = [];
  readonly #claimed = new Map<string, Place>();
  /** Takes back, last first, what the attempt under way has done. */
  readonly #undo: (() => void)[] = [];
  #head: bigint;

  constructor({ head, now, entries, entryCounts, answers }: Loaded) {
    this.#head = head;
    this.now = now;
    this.#entries = new Map([...entries].map((entry) => [idOf(entry), entry]));
    this.#entryCounts = new Map(entryCounts);
    this.#answers = new Map([...answers].map((answer) => [answer.idempotencyKey, answer]));
    for (const { namespace, key } of [...this.#entries.values()].filter((entry) =>
      isExpired(entry, now),
    )) {
      this.remove("EXPIRED", { namespace, key }, null);
    }
  }

  /** Revision of the latest change. */
  get head(): bigint {
    return this.#head;
  }

  /** How many entries each namespace holds; only those that a command may clear are known. */
  get entryCounts(): ReadonlyMap<string, number> {
    return this.#entryCounts;
  }

  entry(place: Place): StoredEntry | null {
    return this.#entries.get(idOf(place)) ?? null;
  }

  /** The free entry that comes first in the order of the keys. */
  firstFree(namespace: string, keys: TextMatch): StoredEntry | null {
    let first: StoredEntry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.namespace !== namespace || !matches(keys, entry.key)) continue;
      if (!isFree(entry, this.now)) continue;
      if (first === null || compareText(entry.key, first.key) < 0) first = entry;
    }
    return first;
  }

  /** What a mutation with this idempotency key came to. */
  answer(idempotencyKey: string): Answer | null {
    return this.#answers.get(idempotencyKey) ?? null;
  }

  /** Does all of the work or, when it throws, nothing. */
  attempt<T>(work: () => T): T {
    const changeCount = this.#changes.length;
    const head = this.#head;
    this.#undo.length = 0;
    try {
      return work();
    } catch (error) {
      while (this.#undo.length > 0) this.#undo.pop()?.();
      this.#changes.length = changeCount;
      this.#head = head;
      throw error;
    }
  }

  /** Writes an entry, as the next change. */
  write(entry: StoredEntry, agent: string | null): void {
    const { claim: _, ...shown } = entry;
    if (!this.#entries.has(idOf(entry))) this.#count(entry.namespace, 1);
    this.#change(this.#entries, idOf(entry), entry);
    this.#append({ ...this.#place(entry), kind: "SET", agent, entry: shown });
  }

  /** Removes an entry that is there, as the next change. */
  remove(kind: "DELETED" | "EXPIRED", place: Place, agent: string | null): void {
    this.#change(this.#entries, idOf(place), undefined);
    // What has expired was not counted.
    if (kind === "DELETED") this.#count(place.namespace, -1);
    this.#append({ ...this.#place(place), kind, agent, entry: null });
  }

  /** Removes every entry of a namespace, as the next change. */
  clear(namespace: string, agent: string | null): void {
    for (const [id, entry] of this.#entries) {
      if (entry.namespace === namespace) this.#change(this.#entries, id, undefined);
    }
    this.#change(this.#entryCounts, namespace, 0);
    const { revision, at } = this.#place({ namespace, key: "" });
    this.#append({
      kind: "NAMESPACE_CLEARED",
      revision,
      namespace,
      key: null,
      agent,
      at,
      entry: null,
    });
  }

  /** Changes whose work an entry is, which is no change of the log. */
  setClaim(entry: StoredEntry, claim: ClaimState): StoredEntry {
    const changed = { ...entry, claim };
    const { namespace, key } = entry;
    this.#change(this.#entries, idOf(entry), changed);
    this.#change(this.#claimed, idOf(entry), { namespace, key });
    return changed;
  }

  remember(answer: Answer): void {
    this.#answers.set(answer.idempotencyKey, answer);
    this.#newAnswers.push(answer);
  }

  /**
   * The net effect of all that was done; null when nothing was.
   * @param fill completes a result before it is kept
   */
  effects(fill: (result: CommandResult) => CommandResult): Effects | null {
    if (this.#changes.length + this.#claimed.size + this.#newAnswers.length === 0) return null;
    const cleared = new Set<string>();
    const touched = new Map<string, Place>();
    for (const change of this.#changes) {
      const { namespace, key } = change;
      if (key === null) cleared.add(namespace);
      else touched.set(idOf({ namespace, key }), { namespace, key });
    }
    const written: StoredEntry[] = [];
    const deleted: Place[] = [];
    for (const [id, place] of touched) {
      const entry = this.#entries.get(id);
      if (entry) written.push(entry);
      else if (!cleared.has(place.namespace)) deleted.push(place);
    }
    const claimed: Effects["claimed"][number][] = [];
    for (const [id, place] of this.#claimed) {
      const entry = this.#entries.get(id);
      if (entry && !touched.has(id)) claimed.push({ ...place, claim: entry.claim });
    }
    return {
      cleared: [...cleared],
      deleted,
      written,
      claimed,
      changes: this.#changes,
      answers: this.#newAnswers.map(({ result, ...answer }) => ({
        ...answer,
        results: serialiseResult(fill(result)),
      })),
      head: this.#head,
    };
  }

  #place({ namespace, key }: Place) {
    return { revision: this.#head + 1n, namespace, key, at: this.now };
  }

  #append(change: Change): void {
    this.#changes.push(change);
    this.#head = change.revision;
  }

  #count(namespace: string, difference: number): void {
    const count = this.#entryCounts.get(namespace) ?? 0;
    this.#change(this.#entryCounts, namespace, count + difference);
  }

  #change<T>(map: Map<string, T>, id: string, value: T | undefined): void {
    const before = map.get(id);
    this.#undo.push(() => void (before === undefined ? map.delete(id) : map.set(id, before)));
    if (value === undefined) map.delete(id);
    else map.set(id, value);
  }
}

/** Neither part may hold control characters, so the pair can't be read two ways. */
function idOf(place: Place): string {
  return `${place.namespace}\u0000${place.key}`;
}
