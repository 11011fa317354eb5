import type { BatonError } from "../../errors.ts";
import type { Claim } from "../model/claim.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import type { Entry, EntryHead } from "../model/entry.ts";
import type { Limits } from "../model/limits.ts";
import type { Place } from "../model/place.ts";
import type { Viewer } from "../model/viewer.ts";
import type { Draft } from "../commit/draft.ts";
import type { LoadedEntry } from "../commit/state.ts";

// What all kinds of operations share. Each kind is one file of this folder; `operations.ts` lists them.

/** The caller, and the limits of its input. */
export interface Asked {
  readonly viewer: Viewer;
  readonly limits: Limits;
}

/** The path of an operation or a condition in the caller's input, which errors name. */
export interface Argument {
  readonly argument: string;
}

/** A condition: the entry must be at a revision (0: absent), be present, or be absent. */
export interface Condition extends Place, Argument {
  readonly expected: bigint | "present" | "absent";
}

/** A write to one entry. */
export interface Write extends Place, Argument {
  /** Write only if the entry is at this revision; 0: only if it is absent; null: unconditionally. */
  readonly ifRevision: bigint | null;
}

/** A write that leaves an entry. */
export interface EntryWrite extends Write {
  /** A serialised JSON object that is merged into the entry's metadata at the top level; null keeps the metadata. */
  readonly metadata: string | null;
  /** Lifetime in seconds from now; 0: no expiry. null: the expiry is kept, or removed if the value is replaced. */
  readonly ttlSeconds: number | null;
}

/** An entry that an operation reads or writes. */
export interface Touched extends Place {
  /** Whether the decision needs the value, which can be large. */
  readonly withValue: boolean;
}

/**
 * The result of an operation.
 * @typeParam Shown an entry that the response can show: its head when it is decided, the whole entry in the response
 */
export type OperationResult<Shown extends EntryHead = Entry> =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "deleted"; readonly deleted: boolean }
  | {
      readonly kind: "cleared";
      /** The number of removed entries. */
      readonly clearedCount: number;
      /** The namespaces that held entries, sorted. */
      readonly namespaces: readonly string[];
    }
  /** Both are null if no entry was free. */
  | { readonly kind: "claimed"; readonly entry: Shown | null; readonly claim: Claim | null }
  | { readonly kind: "renewed"; readonly claim: Claim }
  /** A claim ended without a result. `claimableAt` is when the entry can be claimed again; null if dead-lettered. */
  | { readonly kind: "released"; readonly claimableAt: Date | null }
  | { readonly kind: "reopened"; readonly reopened: boolean }
  | { readonly kind: "requeued"; readonly requeued: boolean }
  | { readonly kind: "revoked"; readonly revoked: boolean };

/** A condition that does not hold. */
export interface Unmet {
  readonly kind: "unmet";
  readonly condition: Condition;
}

/** The refusal of a command. */
export interface Refused {
  readonly kind: "refused";
  readonly error: BatonError;
}

/** What a decision uses in addition to the state. */
export interface Rules {
  readonly limits: Limits;
  /** The agent that writes; null without a name. */
  readonly agent: string | null;
}

/** One kind of operation: how to read it, which entries it touches, how large it is, and how it is decided. */
export interface OperationType<Input, Operation extends { readonly kind: string }> {
  /**
   * Checks a caller's input against the limits (G9) and the viewer's permissions (G1).
   * @param argument path of the input, such as `input.operations.3.set`
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED
   */
  read(asked: Asked, argument: string, input: Input): Operation;
  /** The entries that the decision reads or writes. */
  touches(operation: Operation): readonly Touched[];
  /** The memory that the operation takes while it waits, in bytes, approximately. */
  sizeBytes(operation: Operation): number;
  /**
   * Applies the operation to the draft, in steps if it can read a long value.
   * @throws BatonError if the operation is refused
   */
  decide(draft: Draft, operation: Operation, rules: Rules): Decided | Steps<Decided>;
}

/** The result of deciding an operation. */
export type Decided = OperationResult<LoadedEntry> | Unmet;

/** The least memory that an operation takes, in bytes, approximately. */
export const baseSizeBytes = 500;

/** The number of bytes that a result writes, to the entry and to the log. */
export function writtenBytes(result: OperationResult<LoadedEntry>): number {
  return result.kind === "written" ? result.entry.sizeBytes : 0;
}
