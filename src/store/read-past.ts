import { badUserInput, BatonError, unavailable } from "../errors.ts";
import type { Log, LogEnds, PastLog, ReadView } from "./contract.ts";
import type { FilterBounds, FilteredPage } from "./filter-page.ts";
import type { Change, Selection } from "./model/change.ts";
import type { Entry } from "./model/entry.ts";
import { importUnderWay, isImporting } from "./model/log.ts";
import type { Place } from "./model/place.ts";
import { compareText, exact, matches, type TextMatch } from "./model/text-match.ts";
import { isWanted } from "./model/where.ts";

/** What a read of a past state needs of a database. */
export type PastDatabase = Pick<ReadView, "readEntries"> &
  Pick<Log, "readLogEnds" | "readLastClear"> &
  PastLog;

/** Which entries, as they were at a revision. */
export interface PastQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  readonly after: Place | null;
  readonly at: bigint;
}

/** What one step reads: values among it. */
const step = { maxItems: 32, maxBytes: 1024 * 1024 };
/** A step during which the log was compacted is done again. */
const maxAttempts = 10;

/**
 * A page of the entries as they were right after a revision, in the order of their places:
 *
 * 1. Go through the namespaces that hold an entry or that the log tells of, and in each through the keys.
 * 2. An entry that was not written after the revision is the state of its key.
 * 3. Otherwise the latest change of the key up to the revision is, unless its namespace was cleared after that.
 * 4. Where the log has no such change, the next change tells whether there was an entry, whose value is lost then.
 *
 * @throws REVISION_COMPACTED where the log has lost what a key held, BAD_USER_INPUT for a revision that is yet to come
 */
export async function readPast(
  database: PastDatabase,
  query: PastQuery,
  bounds: FilterBounds,
): Promise<FilteredPage<Entry, Place>> {
  const { userId, selection, onlyKeys, after, at } = query;
  requireReached(at, await database.readLogEnds(userId));
  const past = new PastReader(database, userId, at);
  const { namespaces } = selection;
  const items: Entry[] = [];
  let bytes = 0;
  let left = bounds.maxExaminedItems;
  let leftBytes = bounds.maxExaminedBytes;
  const ranges = onlyKeys === null ? [selection.keys] : sorted(onlyKeys).map(exact);
  // A cursor is a caller's text: what it names is looked at only if it is selected.
  let namespace =
    after !== null && namespaces.some((match) => matches(match, after.namespace))
      ? after.namespace
      : await past.nextNamespace(namespaces, after?.namespace ?? null);
  while (namespace !== null) {
    // No key is empty: behind it are all.
    let position = after?.namespace === namespace ? after.key : "";
    left--;
    for (const keys of ranges) {
      if (keys.kind === "exact" && compareText(keys.text, position) <= 0) continue;
      for (let isThrough = false; !isThrough;) {
        if (left <= 0 || leftBytes <= 0 || bounds.closed?.aborted) {
          return { items, hasMore: true, end: { namespace, key: position } };
        }
        const { entries, examined, through } = await past.step(namespace, keys, position);
        for (const entry of entries) {
          leftBytes -= entry.sizeBytes;
          if (selection.where && !isWanted(selection.where, entry.value)) continue;
          if (items.length === bounds.maxItems || bytes >= bounds.maxBytes) {
            return { items, hasMore: true, end: placeOf(items.at(-1) as Entry) };
          }
          items.push(entry);
          bytes += entry.sizeBytes;
        }
        left -= Math.max(1, examined);
        isThrough = through === null;
        if (through !== null) position = through;
        else if (keys.kind === "exact") position = keys.text;
      }
    }
    namespace = await past.nextNamespace(namespaces, namespace);
  }
  const last = items.at(-1);
  return { items, hasMore: false, end: last ? placeOf(last) : after };
}

function placeOf({ namespace, key }: Entry): Place {
  return { namespace, key };
}

function sorted(keys: readonly string[]): string[] {
  return [...new Set(keys)].sort(compareText);
}

interface Step {
  readonly entries: readonly Entry[];
  readonly examined: number;
  /** Keys up to here are dealt with; null: all. */
  readonly through: string | null;
}

class PastReader {
  readonly #database: PastDatabase;
  readonly #userId: string;
  readonly #at: bigint;
  #instant: Date | null = null;

  constructor(database: PastDatabase, userId: string, at: bigint) {
    this.#database = database;
    this.#userId = userId;
    this.#at = at;
  }

  async nextNamespace(options: readonly TextMatch[], after: string | null): Promise<string | null> {
    let first: string | null = null;
    for (const match of options) {
      const name = await this.#database.readPastNamespace(this.#userId, match, after);
      if (name !== null && (first === null || compareText(name, first) < 0)) first = name;
    }
    return first;
  }

  /** The entries of some keys behind one. While the log is being compacted, what was read may not belong together. */
  async step(namespace: string, keys: TextMatch, after: string): Promise<Step> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const ends = await this.#database.readLogEnds(this.#userId);
      requireReached(this.#at, ends);
      const found = await this.#step(namespace, keys, after, ends);
      const { compacted } = await this.#database.readLogEnds(this.#userId);
      if (compacted !== ends.compacted) continue;
      if (found instanceof BatonError) throw found;
      return found;
    }
    throw unavailable("The log is being compacted. Ask again.");
  }

  async #step(
    namespace: string,
    keys: TextMatch,
    after: string,
    ends: LogEnds,
  ): Promise<Step | BatonError> {
    const [at, userId, { head, compacted }] = [this.#at, this.#userId, ends];
    const database = this.#database;
    const stored = await database.readEntries(
      {
        userId,
        selection: { namespaces: [exact(namespace)], keys },
        onlyKeys: null,
        after: { namespace, key: after },
      },
      step,
    );
    const range = { userId, namespace, keys, after, at, compacted };
    const logged = await database.readPastKeys(range, step.maxItems);
    const cleared = await database.readLastClear(userId, namespace, compacted, at);
    // What was cleared later and lies before the log left no trace.
    const isCut = cleared === null && compacted > 0n;
    const clearedLater = isCut && (await database.readLastClear(userId, namespace, at, head));
    if (clearedLater) return lost(at, namespace, null, clearedLater - 1n);
    const ofKey = new Map(logged.map((one) => [one.key, one]));
    const current = new Map(stored.items.map((entry) => [entry.key, entry]));
    const through = firstOf(
      stored.hasMore ? (stored.items.at(-1)?.key ?? null) : null,
      logged.length === step.maxItems ? (logged.at(-1)?.key ?? null) : null,
    );
    const wanted = sorted([...ofKey.keys(), ...current.keys()]).filter(
      (key) => through === null || compareText(key, through) <= 0,
    );
    const revisions = wanted.flatMap((key) => {
      const { last = null, next = null } = ofKey.get(key) ?? {};
      if (isCurrent(current.get(key), at)) return [];
      if (last !== null) return last > (cleared ?? 0n) ? [last] : [];
      return isCut && next !== null ? [next] : [];
    });
    const changes = new Map<bigint, Change>();
    for (const change of await database.readRevisions(userId, revisions)) {
      changes.set(change.revision, change);
    }
    const entries: Entry[] = [];
    for (const key of wanted) {
      const entry = current.get(key);
      if (entry && isCurrent(entry, at)) {
        entries.push(entry);
        continue;
      }
      const { last = null, next = null } = ofKey.get(key) ?? {};
      const change = changes.get(last ?? next ?? 0n);
      if (!change) continue;
      if (last === null) {
        // The first change that the log has of the key. An entry that it did not create was there before.
        if (change.entry?.createdRevision === change.revision) continue;
        return lost(at, namespace, key, change.revision - 1n);
      }
      if (change.entry === null) continue;
      // It has expired, and is not removed yet (G8).
      if (at === head && next === null) continue;
      if (await this.#hasExpired(change.entry)) continue;
      entries.push(change.entry);
    }
    return { entries, examined: wanted.length, through };
  }

  /** Whether it had expired when the revision was committed. */
  async #hasExpired({ expiresAt }: Entry): Promise<boolean> {
    if (expiresAt === null) return false;
    if (this.#instant === null) {
      const [change] = await this.#database.readRevisions(this.#userId, [this.#at]);
      this.#instant = change?.at ?? new Date(0);
    }
    return expiresAt <= this.#instant;
  }
}

/** Whether nobody has written it after the revision. */
function isCurrent(entry: Entry | undefined, at: bigint): boolean {
  return entry !== undefined && entry.revision <= at;
}

function firstOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return compareText(one, other) < 0 ? one : other;
}

function requireReached(at: bigint, ends: LogEnds): void {
  if (isImporting(ends)) throw importUnderWay();
  if (at > ends.head) {
    throw badUserInput(
      "at",
      `Revision ${at} is later than the latest of this store, ${ends.head}.`,
    );
  }
  if (at < ends.compacted) throw compactedAt(at, ends.compacted, "");
}

function lost(at: bigint, namespace: string, key: string | null, before: bigint): BatonError {
  const place = JSON.stringify(key === null ? [namespace] : [namespace, key]);
  return compactedAt(at, before, ` It has lost what ${place} held.`);
}

function compactedAt(at: bigint, before: bigint, why: string): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `The log does not reach back to the state at revision ${at}.${why} Ask for a later one.`,
    { at: String(at), oldestRevision: String(before + 1n) },
  );
}
