import { limitExceeded, type BatonError } from "../../errors.ts";
import type { WriteTransaction } from "../contract.ts";
import { loadCreated } from "./load-created.ts";
import type { Limits } from "../model/limits.ts";
import { isExhausted } from "../model/claim.ts";
import { importUnderWay } from "../model/log.ts";
import { userPlaceId } from "../model/place.ts";
import { exact, intersect, matches } from "../model/text-match.ts";
import type { ClaimOperation } from "../operations/claim.ts";
import { typeOf, type Operation } from "../operations/operations.ts";
import type { Command } from "./command.ts";
import { concealed } from "./concealed.ts";
import { recordAgeMs } from "./idempotency.ts";
import { hasQuotas, Quota } from "./quota.ts";
import type { LoadedEntry, WantedEntry } from "./state.ts";
import { UserState } from "./user-state.ts";

/** A transaction loads at most this many bytes of values. Further commands are postponed to the next one. */
const maxLoadedBytes = 64 * 1024 * 1024;

/** Whether a command can be decided in this transaction: yes, in the next one, or no with this error. */
type Admission = "admitted" | "postponed" | BatonError;

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

/**
 * Loads what the commands touch:
 *
 * 1. the entries, with only the values that decisions need;
 * 2. the idempotency records of calls that can be repeats;
 * 3. for claims, the first free entries;
 * 4. for clears, the number of entries of the namespaces.
 *
 * Values and records are limited in bytes. Commands beyond the limit are postponed to the next transaction.
 */
export async function load(
  transaction: WriteTransaction,
  limits: Limits,
  commands: readonly Command[],
): Promise<Loaded> {
  // The time is read after all commands have arrived: an entry that has expired by then does not exist for them (G8).
  const touched = commands.map(touches);
  const { now, heads, importing } = await transaction.readLogs();
  const { entries, admissions } = await loadEntries(transaction, limits, touched);
  const records = await loadRecords(transaction, commands, now);

  const states = new Map<string, UserState>();
  const quotas = new Map<string, Quota>();
  for (const [userId, own] of byUser(commands)) {
    if (importing.has(userId)) continue;
    const operations = own.flatMap((command) => command.operations);
    const places = touched.flat().filter((place) => place.userId === userId);
    const cleared = operations.flatMap((operation) =>
      operation.kind === "clear" ? operation.namespaces : [],
    );
    const head = heads.get(userId) ?? 0n;
    const free = await loadFree(transaction, userId, operations, places, now);
    const loaded = entries.get(userId) ?? [];
    const maxChanges = free.length + loaded.length + maxChangesOf(limits, own);
    const created = { head, now, maxChanges };
    const state = new UserState({
      head,
      now,
      // An entry can be loaded twice. The later one counts, because it has its value.
      entries: [
        ...(await loadCreated(transaction, userId, operations, created)),
        ...free,
        ...loaded,
      ],
      entryCounts:
        cleared.length > 0 ? await transaction.countEntries(userId, cleared, now) : new Map(),
    });
    states.set(userId, state);
    if (hasQuotas(limits) && places.length > 0) {
      quotas.set(userId, await loadQuota(transaction, limits, userId, places, now));
    }
  }
  return {
    now,
    states,
    quotas,
    records,
    admissions: admissions.map((admission, index) => {
      const command = commands[index] as Command;
      if (importing.has(command.userId)) return importUnderWay();
      const record = records.get(recordId(command) ?? "");
      if (record?.results === null) return "postponed";
      return typeof admission === "string" || command.mayRead ? admission : concealed(admission);
    }),
  };
}

/** How many namespaces one statement counts. */
const namespacesPerRead = 100;

async function loadQuota(
  transaction: WriteTransaction,
  limits: Limits,
  userId: string,
  places: readonly WantedEntry[],
  now: Date,
): Promise<Quota> {
  const names = [...new Set(places.map(({ namespace }) => namespace))];
  const counts = new Map<string, number>();
  for (let start = 0; start < names.length; start += namespacesPerRead) {
    const some = names.slice(start, start + namespacesPerRead).map(exact);
    for (const [name, count] of await transaction.countEntries(userId, some, now)) {
      counts.set(name, count);
    }
  }
  return new Quota(limits, await transaction.readTotals(userId, now), counts);
}

/** The largest number of changes that the commands can make, without those of expired entries. */
function maxChangesOf({ maxClearedNamespaces }: Limits, commands: readonly Command[]): number {
  let count = 0;
  for (const { operations } of commands) {
    for (const { kind } of operations) count += kind === "clear" ? maxClearedNamespaces : 1;
  }
  return count;
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
  const found = await transaction.loadRecords([...wanted.values()], oldest, maxLoadedBytes);
  return new Map(
    found.map(({ userId, idempotencyKey, digest, results }) => [
      idOfRecord(userId, idempotencyKey),
      { digest, results },
    ]),
  );
}

type EntriesByUser = Map<string, LoadedEntry[]>;

/** Loads in one read if the values cannot exceed the limit. Otherwise it reads their sizes first. */
async function loadEntries(
  transaction: WriteTransaction,
  limits: Limits,
  touched: readonly (readonly WantedEntry[])[],
): Promise<{ entries: EntriesByUser; admissions: Admission[] }> {
  const wanted = distinct(touched.flat());
  const entries: EntriesByUser = new Map();
  const add = async (places: readonly WantedEntry[]) => {
    if (places.length === 0) return;
    for (const { userId, entry } of await transaction.loadEntries(places)) {
      const own = entries.get(userId);
      if (own) own.push(entry);
      else entries.set(userId, [entry]);
    }
  };
  const valueCount = wanted.filter(({ withValue }) => withValue).length;
  if (valueCount * (limits.maxValueBytes + limits.maxMetadataBytes) <= maxLoadedBytes) {
    await add(wanted);
    return { entries, admissions: touched.map(() => "admitted") };
  }
  await add(wanted.map((one) => ({ ...one, withValue: false })));
  const sizes = new Map<string, number>();
  for (const [userId, own] of entries) {
    for (const entry of own) sizes.set(userPlaceId(userId, entry), entry.sizeBytes);
  }
  const { admissions, admitted } = admit(limits, touched, sizes);
  await add(admitted);
  return { entries, admissions };
}

/** Admits commands in their order while the values that they need fit. */
function admit(
  limits: Limits,
  touched: readonly (readonly WantedEntry[])[],
  sizes: ReadonlyMap<string, number>,
): { admissions: Admission[]; admitted: WantedEntry[] } {
  const admitted = new Map<string, WantedEntry>();
  let bytes = 0;
  let isFull = false;
  const admissions = touched.map((places): Admission => {
    const needed = distinct(places).filter(({ withValue }) => withValue);
    let size = 0;
    for (const place of needed) size += sizes.get(userPlaceId(place.userId, place)) ?? 0;
    if (size > limits.maxResponseBytes) return tooMuch(limits);
    isFull ||= bytes > 0 && bytes + size > maxLoadedBytes;
    if (isFull) return "postponed";
    bytes += size;
    for (const place of needed) admitted.set(userPlaceId(place.userId, place), place);
    return "admitted";
  });
  return { admissions, admitted: [...admitted.values()] };
}

function tooMuch({ maxResponseBytes }: Limits): BatonError {
  return limitExceeded(
    "maxResponseBytes",
    maxResponseBytes,
    `The entries that one call changes can have at most ${maxResponseBytes} bytes together. Split the call.`,
  );
}

/** One transaction dead-letters at most this many exhausted entries, before the one that it grants. */
const maxDeadLettered = 500;

/**
 * Loads enough free entries for all claims, even if every other touched entry turns out not to be free.
 *
 * If some of the loaded entries are exhausted, the claims dead-letter these and need others. Then it also loads:
 *
 * 1. enough entries that are not exhausted, so that each claim can be granted one;
 * 2. the first entries of all, which the claims dead-letter on their way. Later claims handle the rest.
 */
async function loadFree(
  transaction: WriteTransaction,
  userId: string,
  operations: readonly Operation[],
  touched: readonly WantedEntry[],
  now: Date,
): Promise<LoadedEntry[]> {
  // The candidates of a claim with a filter are loaded as touched entries.
  const claims = operations.filter(
    (operation) => operation.kind === "claim" && operation.candidates === undefined,
  ) as ClaimOperation[];
  const groups = new Map<string, ClaimOperation>();
  for (const claim of claims) groups.set(JSON.stringify([claim.namespace, claim.keys]), claim);
  const found: LoadedEntry[] = [];
  for (const { namespace, keys } of groups.values()) {
    const rivals = claims.filter(
      (claim) => claim.namespace === namespace && intersect(claim.keys, keys) !== null,
    );
    const others = new Set(
      touched
        .filter((place) => place.namespace === namespace && matches(keys, place.key))
        .map(({ key }) => key),
    );
    const maxItems = rivals.length + others.size;
    const query = { userId, namespace, keys, now };
    const first = await transaction.loadFree(query, maxItems);
    found.push(...first);
    if (!first.some((entry) => rivals.some((claim) => isExhausted(entry, claim.maxAttempts)))) {
      continue;
    }
    const limits = rivals.flatMap(({ maxAttempts }) => maxAttempts ?? []);
    const maxAttempts = limits.length > 0 ? Math.min(...limits) : null;
    found.push(...(await transaction.loadFree({ ...query, maxAttempts }, maxItems)));
    found.push(...(await transaction.loadFree(query, maxItems + maxDeadLettered)));
  }
  return found;
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
