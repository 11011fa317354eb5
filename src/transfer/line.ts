import type { StoredEntry } from "../store/model/claim.ts";
import type { Place } from "../store/model/place.ts";

/** What is wrong with a line. */
export class LineFault extends Error {
  override readonly name = "LineFault";
}

/** The first line of an export. */
export interface HeaderLine {
  readonly kind: "BATON_EXPORT";
  readonly version: number;
  readonly user: string;
  /** Only namespaces that begin so; `""` for all. */
  readonly namespacePrefix: string;
  /** The user's head when the export began. */
  readonly revision: bigint;
}

/** An entry that was there when its page was read, or a change that left one. */
export interface EntryLine {
  readonly kind: "EXISTING" | "SET";
  readonly entry: StoredEntry;
}

export interface RemovedLine extends Place {
  readonly kind: "DELETED" | "EXPIRED";
  readonly revision: bigint;
}

export interface ClearedLine {
  readonly kind: "NAMESPACE_CLEARED";
  readonly revision: bigint;
  readonly namespace: string;
}

/** The last line: with it the file is whole, and what its lines lead to is the state as of the revision. */
export interface EndLine {
  readonly kind: "CAUGHT_UP";
  readonly revision: bigint;
  /** How many lines are `EXISTING`. */
  readonly existing: number;
  /** How many lines are changes. */
  readonly changes: number;
  /** SHA-256 of every byte before this line, hexadecimal. */
  readonly sha256: string;
}

/** What one line of an export says. The kinds are those of a subscription with a snapshot. */
export type Line = HeaderLine | EntryLine | RemovedLine | ClearedLine | EndLine;

export const formatVersion = 1;

/** Where the raw JSON in the line of an entry begins. No member before it can hold this: quotes in text are escaped. */
export const metadataMark = ',"metadata":';
export const valueMark = ',"value":';

/** Writes a line, its end with it. */
export function writeLine(line: Line): string {
  const { kind } = line;
  switch (kind) {
    case "EXISTING":
    case "SET":
      return writeEntry(kind, line.entry);
    case "BATON_EXPORT": {
      const { version, user, namespacePrefix, revision } = line;
      return jsonLine({ kind, version, user, namespacePrefix, revision });
    }
    case "DELETED":
    case "EXPIRED": {
      const { revision, namespace, key } = line;
      return jsonLine({ kind, revision, namespace, key });
    }
    case "NAMESPACE_CLEARED": {
      const { revision, namespace } = line;
      return jsonLine({ kind, revision, namespace });
    }
    case "CAUGHT_UP": {
      const { revision, existing, changes, sha256 } = line;
      return jsonLine({ kind, revision, existing, changes, sha256 });
    }
  }
}

/**
 * Metadata and value are put in as they are stored, at the end, so that nothing of them is written in another way.
 * Whose lease runs is left out: it ends with the move.
 */
function writeEntry(kind: EntryLine["kind"], entry: StoredEntry): string {
  const { namespace, key, metadata, value } = entry;
  const raw = `${metadataMark}${metadata}${valueMark}${value}}\n`;
  // Baton writes JSON in one line; what somebody else may have written would break the file.
  if (/[\n\r]/.test(raw.slice(0, -1))) {
    throw new LineFault(`${JSON.stringify({ namespace, key })} holds JSON of several lines.`);
  }
  const fields = jsonLine({
    kind,
    namespace,
    key,
    revision: entry.revision,
    createdRevision: entry.createdRevision,
    createdAt: entry.createdAt,
    updatedAt: entry.updatedAt,
    createdBy: entry.createdBy,
    updatedBy: entry.updatedBy,
    expiresAt: entry.expiresAt,
    claimAttempt: entry.claimAttempt,
    isCompleted: entry.isCompleted,
  });
  return fields.slice(0, -"}\n".length) + raw;
}

function jsonLine(fields: object): string {
  // A revision has more digits than JSON's numbers keep.
  return `${JSON.stringify(fields, (_name, value) => (typeof value === "bigint" ? String(value) : value))}\n`;
}
