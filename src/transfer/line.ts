import type { StoredEntry } from "../store/model/claim.ts";
import type { Place } from "../store/model/place.ts";

/** The error of an invalid line. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** The first line of an export. */
export interface HeaderLine {
  readonly kind: "BATON_EXPORT";
  readonly version: number;
  readonly user: string;
  /** The prefix of the namespaces that are exported. `""` is all of them. */
  readonly namespacePrefix: string;
  /** The user's head when the export began. */
  readonly revision: bigint;
}

/** An entry of a page, or a change that set one. */
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

/** The last line. A file that ends with it is complete, and its lines lead to the state as of the revision. */
export interface EndLine {
  readonly kind: "CAUGHT_UP";
  readonly revision: bigint;
  /** The number of `EXISTING` lines. */
  readonly existing: number;
  /** The number of lines that are changes. */
  readonly changes: number;
  /** SHA-256 of every byte before this line, hexadecimal. */
  readonly sha256: string;
}

/** One line of an export. Its kinds are those of a subscription with a snapshot. */
export type Line = HeaderLine | EntryLine | RemovedLine | ClearedLine | EndLine;

export const formatVersion = 1;

/**
 * The beginning of the raw JSON in an entry's line. No string before it contains this text, because quotes are escaped.
 */
export const metadataMark = ',"metadata":';
export const valueMark = ',"value":';
