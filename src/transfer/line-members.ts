import { parseJsonText } from "../json/json-text.ts";
import { unclaimed } from "../store/model/claim.ts";
import {
  LineError,
  type ClearedLine,
  type EndLine,
  type EntryLine,
  type HeaderLine,
  type Line,
  type RemovedLine,
} from "./line.ts";

/** A line as a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws LineError if the member is missing or not valid */
type Reader<T> = (fields: Fields, name: string) => T;

/** The members of a line, in the order in which they are written, and how each is read. */
export type Members<T> = { readonly [Name in keyof Omit<T, "kind">]: Reader<T[Name]> };

/** The members of an entry's line before its metadata and its value. */
type EntryFields = Omit<
  EntryLine["entry"],
  | "metadata"
  | "value"
  | "claimToken"
  | "claimAgent"
  | "claimExpiresAt"
  | "sizeBytes"
  | keyof RareFields
>;

/** The members that only few entries have, because a claim of them has failed. */
type RareFields = Pick<
  EntryLine["entry"],
  "claimMaxAttempts" | "claimFailedAt" | "claimError" | "isDeadLettered"
>;

/** The members that a line can leave out. They then have the values of an entry that was never claimed. */
const rareMembers: Members<RareFields> = {
  claimMaxAttempts: count,
  claimFailedAt: time,
  claimError: jsonText,
  isDeadLettered: flag,
};

export const entryMembers: Members<EntryFields> = {
  namespace: text,
  key: text,
  revision,
  createdRevision: revision,
  createdAt: time,
  updatedAt: time,
  createdBy: orNull(text),
  updatedBy: orNull(text),
  expiresAt: orNull(time),
  claimAttempt: count,
  isCompleted: flag,
};

const header: Members<HeaderLine> = {
  version: count,
  user: text,
  namespacePrefix: text,
  revision,
};
const removed: Members<RemovedLine> = { revision, namespace: text, key: text };
const cleared: Members<ClearedLine> = { revision, namespace: text };
const end: Members<EndLine> = { revision, existing: count, changes: count, sha256: text };

/** The members of every other kind of line. */
export const lineMembers = {
  BATON_EXPORT: header,
  DELETED: removed,
  EXPIRED: removed,
  NAMESPACE_CLEARED: cleared,
  CAUGHT_UP: end,
} satisfies Readonly<Record<Exclude<Line["kind"], EntryLine["kind"]>, object>>;

/**
 * Reads the members of a line. Other fields are ignored.
 * @throws LineError if a member is missing or not valid
 */
export function readMembers<T>(members: Members<T>, fields: Fields): Omit<T, "kind"> {
  const read: Record<string, unknown> = {};
  const readers: Readonly<Record<string, Reader<unknown>>> = members;
  for (const name in readers) read[name] = readers[name]?.(fields, name);
  return read as Omit<T, "kind">;
}

/** Reads the rare members that a line has. */
export function readRareMembers(fields: Fields): Partial<RareFields> {
  const own = Object.entries(rareMembers).filter(([name]) => Object.hasOwn(fields, name));
  return readMembers<Partial<RareFields>>(Object.fromEntries(own) as never, fields);
}

/** Returns the rare members whose values differ from those of an entry that was never claimed. */
export function rareMembersOf(entry: RareFields): Record<string, unknown> {
  const names = (Object.keys(rareMembers) as (keyof RareFields)[]).filter(
    (name) => entry[name] !== unclaimed[name],
  );
  return Object.fromEntries(names.map((name) => [name, entry[name]]));
}

/** The members of a line as JSON. A revision is a string, because it can be too large for a JSON number. */
export function membersOf(members: object, line: object): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const name in members) {
    const value = (line as Fields)[name];
    written[name] = typeof value === "bigint" ? String(value) : value;
  }
  return written;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new LineError(`${name} must be text.`);
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === "boolean") return value;
  throw new LineError(`${name} must be true or false.`);
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new LineError(`${name} must be a whole number.`);
}

/** No store reaches this revision: at 1,000 changes per second, that takes 34 years. */
const revisionLimit = 2n ** 40n;

function revision(fields: Fields, name: string): bigint {
  const digits = text(fields, name);
  if (/^(0|[1-9]\d{0,18})$/.test(digits) && BigInt(digits) < revisionLimit) return BigInt(digits);
  throw new LineError(`${name} must be a revision, as decimal text.`);
}

function time(fields: Fields, name: string): Date {
  const value = new Date(text(fields, name));
  if (!Number.isNaN(value.getTime()) && value.toISOString() === fields[name]) return value;
  throw new LineError(`${name} must be a time such as 2026-01-31T12:00:00.000Z.`);
}

/** Reads a JSON value as its text. */
function jsonText(fields: Fields, name: string): string {
  const value = text(fields, name);
  try {
    if (parseJsonText(value).text === value) return value;
  } catch {
    // Refused below, like JSON in any other form.
  }
  throw new LineError(`${name} must be the text of a JSON value, without spaces around its parts.`);
}

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (fields, name) => (fields[name] === null ? null : read(fields, name));
}
