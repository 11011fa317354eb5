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
  /** How many lines are `EXISTING`. */
  readonly existing: number;
  /** How many lines are changes. */
  readonly changes: number;
  /** SHA-256 of every byte before this line, hexadecimal. */
  readonly sha256: string;
}

/** One line of an export. Its kinds are those of a subscription with a snapshot. */
export type Line = HeaderLine | EntryLine | RemovedLine | ClearedLine | EndLine;

export const formatVersion = 1;

/** The raw JSON in the line of an entry begins with these. No string before it contains them, because quotes are escaped. */
export const metadataMark = ',"metadata":';
export const valueMark = ',"value":';
