import { badUserInput, BatonError, unavailable } from "../errors.ts";
import type { Log, LogEnds, PastLog, ReadView } from "./contract.ts";
import type { FilterBounds, FilteredPage } from "./filter-page.ts";
import type { Change, Selection } from "./model/change.ts";
import type { Entry } from "./model/entry.ts";
import { importUnderWay, isImporting } from "./model/log.ts";
import type { Place } from "./model/place.ts";
import { compareText, exact, matches, type TextMatch } from "./model/text-match.ts";
import { isWanted } from "./model/where.ts";

/** The part of a database that a read of a past state needs. */
export type PastDatabase = Pick<ReadView, "readEntries"> &
  Pick<Log, "readLogEnds" | "readLastClear"> &
  PastLog;

/** Which entries to read, as they were at a revision. */
export interface PastQuery {
  readonly userId: string;
  readonly selection: Selection;
  /** Only these keys; null for all. */
  readonly onlyKeys: readonly string[] | null;
  readonly after: Place | null;
  readonly at: bigint;
}

/** The size of one step, including values. */
const step = { maxItems: 32, maxBytes: 1024 * 1024 };
/** A step during which the log was compacted is repeated up to this many times. */
const maxAttempts = 10;

/**
 * Reads a page of the entries as they were right after a revision, sorted by place:
 *
 * 1. Go through the namespaces that hold an entry or occur in the log, and through the keys of each.
 * 2. If the current entry was not written after the revision, it is the state of its key.
 * 3. Otherwise the latest change of the key up to the revision is its state, unless its namespace was cleared after
 *    that change.
 * 4. If the log has no such change, the next change shows whether an entry existed. If one existed, its value is lost.
 *
 * @throws REVISION_COMPACTED if the log has lost the state of a key, BAD_USER_INPUT for a revision in the future
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
  // The cursor is the caller's text: start at its namespace only if the selection includes it.
  let namespace =
    after !== null && namespaces.some((match) => matches(match, after.namespace))
      ? after.namespace
      : await past.nextNamespace(namespaces, after?.namespace ?? null);
  while (namespace !== null) {
    // Keys are never empty, so all keys sort after "".
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
  /** Keys up to this one are done; null: all keys. */
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

  /**
   * Reads the entries of the keys after `after`. If the log is compacted in between, the reads may not fit together.
   */
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
    throw unavailable("The log is being compacted. Try again.");
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
    // A clear after the revision removed entries whose changes the log may have lost.
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
        // The log's first change of the key. If it did not create the entry, the entry existed before, with a lost
        // value.
        if (change.entry?.createdRevision === change.revision) continue;
        return lost(at, namespace, key, change.revision - 1n);
      }
      if (change.entry === null) continue;
      // The entry has expired, but is not removed yet (G8).
      if (at === head && next === null) continue;
      if (await this.#hasExpired(change.entry)) continue;
      entries.push(change.entry);
    }
    return { entries, examined: wanted.length, through };
  }

  /** Whether the entry had expired when the revision was committed. */
  async #hasExpired({ expiresAt }: Entry): Promise<boolean> {
    if (expiresAt === null) return false;
    if (this.#instant === null) {
      const [change] = await this.#database.readRevisions(this.#userId, [this.#at]);
      this.#instant = change?.at ?? new Date(0);
    }
    return expiresAt <= this.#instant;
  }
}

/** Whether the entry was not written after the revision. */
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
      `Revision ${at} is later than the latest revision of this store, ${ends.head}.`,
    );
  }
  if (at < ends.compacted) throw compactedAt(at, ends.compacted, "");
}

function lost(at: bigint, namespace: string, key: string | null, before: bigint): BatonError {
  const place = JSON.stringify(key === null ? [namespace] : [namespace, key]);
  return compactedAt(at, before, ` The log has lost the state of ${place} at that revision.`);
}

function compactedAt(at: bigint, before: bigint, why: string): BatonError {
  return new BatonError(
    "REVISION_COMPACTED",
    `The log does not reach back to the state at revision ${at}.${why} Request a later revision.`,
    { at: String(at), oldestRevision: String(before + 1n) },
  );
}
