import { BatonError, limitExceeded } from "../../errors.ts";
import type { WriteTransaction } from "../contract.ts";
import { clearOfMany, loadClears } from "./load-clears.ts";
import { loadCreated } from "./load-created.ts";
import { loadFree } from "./load-free.ts";
import { loadQuota } from "./load-quota.ts";
import type { Limits } from "../model/limits.ts";
import { importUnderWay } from "../model/log.ts";
import { userPlaceId } from "../model/place.ts";
import { typeOf } from "../operations/operations.ts";
import type { Command, Postponed } from "./command.ts";
import { concealed } from "./concealed.ts";
import { recordAgeMs } from "./idempotency.ts";
import { hasQuotas, type Quota } from "./quota.ts";
import type { LoadedEntry, WantedEntry } from "./state.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";
import { UserState } from "./user-state.ts";

/** A transaction loads at most about this many bytes of idempotency records. Other repeats are postponed. */
const maxRecordBytes = 4 * 1024 * 1024;

/** Whether a command can be decided in this transaction: yes (null), in a later one, or no with this error. */
type Admission = { readonly postponed: Postponed } | BatonError | null;

/** The state that a transaction has loaded. */
export interface Loaded {
  /** The database's time. */
  readonly now: Date;
  /** By user, without users with an import in progress. */
  readonly states: ReadonlyMap<string, UserState>;
  /** By user, for users whose commands touch entries; empty without quotas. */
  readonly quotas: ReadonlyMap<string, Quota>;
  /** The stored records of the commands' idempotency keys, by `recordId`. */
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** One for each command, in their order. */
  readonly admissions: readonly Admission[];
}

export interface StoredRecord {
  readonly digest: string;
  /** Null if the results were too large for this transaction. */
  readonly results: string | null;
}

/** See `Bounds`. */
interface LoadBounds {
  readonly limits: Limits;
  readonly isAlone: boolean;
}

/**
 * Loads what the commands touch:
 *
 * 1. the idempotency records of calls that can be repeats. Nothing else is loaded for a call with a record;
 * 2. the entries, with only the values that decisions need;
 * 3. for claims, the first free entries: see `loadFree`;
 * 4. for clears, the number of entries of the namespaces: see `loadClears`.
 *
 * Values and records are limited in bytes. Commands beyond the limit are postponed to the next transaction.
 */
export async function load(
  transaction: WriteTransaction,
  bounds: LoadBounds,
  commands: readonly Command[],
): Promise<Loaded> {
  const { limits } = bounds;
  // The time is read after all commands have arrived: an entry that has expired by then does not exist for them (G8).
  const { now, heads, importing } = await transaction.readLogs();
  const records = await loadRecords(transaction, commands, now);
  const isNew = (command: Command) => !records.has(recordId(command) ?? "");
  const parts = new Map<string, readonly Command[]>();
  const waiting = new Set<Command>();
  for (const [userId, own] of byUser(commands.filter(isNew))) {
    const part = takePart(own);
    parts.set(userId, part);
    for (const command of own.slice(part.length)) waiting.add(command);
  }
  const touched = commands.map((command) =>
    isNew(command) && !waiting.has(command) ? touches(command) : [],
  );
  const { entries, admissions } = await loadEntries(transaction, bounds, commands, touched);

  const states = new Map<string, UserState>();
  const quotas = new Map<string, Quota>();
  /** By command, if it cannot be decided now because of what it claims or clears, or of the user's namespaces. */
  const unclear = new Map<Command, Admission>();
  for (const [userId, own] of parts) {
    if (importing.has(userId)) continue;
    const operations = own.flatMap((command) => command.operations);
    const places = touched.flat().filter((place) => place.userId === userId);
    const head = heads.get(userId) ?? 0n;
    const free = await loadFree(transaction, userId, operations, places, now, bounds.isAlone);
    const large = own.find(({ operations: [first] }) => first && free.large.has(first));
    if (large) unclear.set(large, { postponed: "large" });
    const loaded = entries.get(userId) ?? [];
    const { entryCounts, admission } = await loadClears(transaction, bounds, userId, own, now);
    if (own[0] && admission) unclear.set(own[0], admission);
    // Each operation makes at most one change, apart from a clear of several namespaces. So does each expired entry.
    const maxChanges = free.entries.length + loaded.length + operations.length + entryCounts.size;
    const created = { head, now, maxChanges };
    const state = new UserState({
      head,
      now,
      // An entry can be loaded twice. The later one counts, because it has its value.
      entries: [
        ...(await loadCreated(transaction, userId, operations, created)),
        ...free.entries,
        ...loaded,
      ],
      entryCounts,
    });
    states.set(userId, state);
    if (hasQuotas(limits) && places.length > 0) {
      const quota = await loadQuota(transaction, bounds, userId, places, now);
      if (quota) quotas.set(userId, quota);
      else if (own[0]) unclear.set(own[0], { postponed: "large" });
    }
  }
  return {
    now,
    states,
    quotas,
    records,
    admissions: admissions.map((admission, index): Admission => {
      const command = commands[index] as Command;
      if (importing.has(command.userId)) return importUnderWay();
      const record = records.get(recordId(command) ?? "");
      if (record?.results === null || waiting.has(command)) return { postponed: "full" };
      const own = unclear.get(command) ?? admission;
      return own instanceof BatonError && !command.mayRead ? concealed(own) : own;
    }),
  };
}

/**
 * Takes a user's commands up to the first one that clears all namespaces with a prefix, unless it is the first of all. The
 * commands before it would change what it clears, and no transaction reads the names for two of them.
 */
function takePart(commands: readonly Command[]): readonly Command[] {
  const end = commands.findIndex((command, index) => index > 0 && clearOfMany(command) !== null);
  return end === -1 ? commands : commands.slice(0, end);
}

function byUser(commands: readonly Command[]): Map<string, Command[]> {
  const users = new Map<string, Command[]>();
  for (const command of commands) {
    const own = users.get(command.userId);
    if (own) own.push(command);
    else users.set(command.userId, [command]);
  }
  return users;
}

/** Identifies the idempotency record of a command; null for a command without an idempotency key. */
export function recordId({ userId, idempotency }: Command): string | null {
  return idempotency && idOfRecord(userId, idempotency.key);
}

function idOfRecord(userId: string, idempotencyKey: string): string {
  return `${userId.length}:${userId}${idempotencyKey}`;
}

async function loadRecords(
  transaction: WriteTransaction,
  commands: readonly Command[],
  now: Date,
): Promise<Map<string, StoredRecord>> {
  const wanted = new Map<string, { userId: string; idempotencyKey: string }>();
  for (const command of commands) {
    const { userId, idempotency } = command;
    const id = recordId(command);
    if (id !== null && idempotency) wanted.set(id, { userId, idempotencyKey: idempotency.key });
  }
  if (wanted.size === 0) return new Map();
  const oldest = new Date(now.getTime() - recordAgeMs);
  const found = await transaction.loadRecords([...wanted.values()], oldest, maxRecordBytes);
  return new Map(
    found.map(({ userId, idempotencyKey, digest, results }) => [
      idOfRecord(userId, idempotencyKey),
      { digest, results },
    ]),
  );
}

type EntriesByUser = Map<string, LoadedEntry[]>;

/**
 * Loads the entries:
 *
 * 1. Read all of them, with the first values up to `maxTransactionBytes`.
 * 2. Admit the commands whose values were read, and that fit.
 * 3. If the transaction is for one user alone, the first command is always admitted. If its values exceed the limit, read
 *    the rest of them.
 */
async function loadEntries(
  transaction: WriteTransaction,
  bounds: LoadBounds,
  commands: readonly Command[],
  touched: readonly (readonly WantedEntry[])[],
): Promise<{ entries: EntriesByUser; admissions: Admission[] }> {
  const wanted = distinct(touched.flat());
  const entries: EntriesByUser = new Map();
  const found = new Map<string, LoadedEntry>();
  const isBounded = wanted.some(({ withValue }) => withValue);
  const add = async (places: readonly WantedEntry[], maxValueBytes?: number) => {
    if (places.length === 0) return;
    for (const { userId, entry } of await transaction.loadEntries(places, maxValueBytes)) {
      const own = entries.get(userId);
      if (own) own.push(entry);
      else entries.set(userId, [entry]);
      if (isBounded) found.set(userPlaceId(userId, entry), entry);
    }
  };
  if (!isBounded) {
    await add(wanted);
    return { entries, admissions: touched.map(() => null) };
  }
  await add(wanted, maxTransactionBytes);
  const admissions = admit(bounds, commands, touched, found);
  if (admissions[0] === null) {
    await add(distinct(touched[0] ?? []).filter((place) => isMissing(place, found)));
  }
  return { entries, admissions };
}

/** Whether the value of a place exists and is needed, but was not read. */
function isMissing(place: WantedEntry, found: ReadonlyMap<string, LoadedEntry>): boolean {
  const entry = place.withValue ? found.get(userPlaceId(place.userId, place)) : undefined;
  return entry !== undefined && entry.value === undefined;
}

/** Admits commands in the order of their users, while the values that they need fit. */
function admit(
  { limits, isAlone }: LoadBounds,
  commands: readonly Command[],
  touched: readonly (readonly WantedEntry[])[],
  found: ReadonlyMap<string, LoadedEntry>,
): Admission[] {
  const admitted = new Set<string>();
  /** The users of postponed commands. */
  const stopped = new Set<string>();
  let bytes = 0;
  return touched.map((places, index): Admission => {
    const needed = distinct(places).filter(({ withValue }) => withValue);
    const { userId } = commands[index] as Command;
    const postpone = (postponed: Postponed) => {
      stopped.add(userId);
      return { postponed };
    };
    let size = 0;
    let added = 0;
    for (const place of needed) {
      const id = userPlaceId(place.userId, place);
      const entryBytes = found.get(id)?.sizeBytes ?? 0;
      size += entryBytes;
      if (!admitted.has(id)) added += entryBytes;
    }
    if (size > limits.maxResponseBytes) return tooMuch(limits);
    if (stopped.has(userId)) return postpone("full");
    if (!isAlone && size > maxTransactionBytes) return postpone("large");
    const isFull =
      bytes + added > maxTransactionBytes || needed.some((place) => isMissing(place, found));
    const mustBeAdmitted = index === 0 || needed.length === 0;
    if (isFull && !mustBeAdmitted) return postpone("full");
    bytes += added;
    for (const place of needed) admitted.add(userPlaceId(place.userId, place));
    return null;
  });
}

function tooMuch({ maxResponseBytes }: Limits): BatonError {
  return limitExceeded(
    "maxResponseBytes",
    maxResponseBytes,
    `The entries that one call changes can have at most ${maxResponseBytes} bytes together. Split the call.`,
  );
}

function touches({ userId, sweep, conditions, operations }: Command): WantedEntry[] {
  const wanted: WantedEntry[] = [];
  for (const { namespace, key } of sweep) wanted.push({ userId, namespace, key, withValue: false });
  for (const { namespace, key } of conditions) {
    wanted.push({ userId, namespace, key, withValue: false });
  }
  for (const operation of operations) {
    for (const { namespace, key, withValue } of typeOf(operation).touches(operation)) {
      wanted.push({ userId, namespace, key, withValue });
    }
  }
  return wanted;
}

function distinct(entries: readonly WantedEntry[]): readonly WantedEntry[] {
  if (entries.length < 2) return entries;
  const found = new Map<string, WantedEntry>();
  for (const entry of entries) {
    const id = userPlaceId(entry.userId, entry);
    if (entry.withValue || !found.has(id)) found.set(id, entry);
  }
  return [...found.values()];
}
