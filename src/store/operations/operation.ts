import type { BatonError } from "../../errors.ts";
import type { Claim } from "../model/claim.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import type { Entry, EntryHead } from "../model/entry.ts";
import type { Limits } from "../model/limits.ts";
import type { Place } from "../model/place.ts";
import type { Viewer } from "../model/viewer.ts";
import type { Draft } from "../commit/draft.ts";
import type { LoadedEntry } from "../commit/state.ts";

// What every kind of operation has in common. Each kind is one file beside this one; `operations.ts` lists them.

/** The caller, and the limits of what it may ask. */
export interface Asked {
  readonly viewer: Viewer;
  readonly limits: Limits;
}

/** Path of an operation, or of a condition, in the caller's input; refusals name it. */
export interface Argument {
  readonly argument: string;
}

/** An entry that must be at a revision (0: absent), or present, or absent. */
export interface Condition extends Place, Argument {
  readonly expected: bigint | "present" | "absent";
}

/** A write to one entry. */
export interface Write extends Place, Argument {
  /** Only if the entry is at this revision; 0: only if it is absent; null: unconditionally. */
  readonly ifRevision: bigint | null;
}

/** A write that leaves an entry. */
export interface EntryWrite extends Write {
  /** A serialised JSON object, merged into the entry's metadata at the top level; null leaves it. */
  readonly metadata: string | null;
  /** Seconds that the entry lives from now on. 0: without end. null: the expiry stays, or ends if the value is replaced. */
  readonly ttlSeconds: number | null;
}

/** An entry that an operation looks at. */
export interface Touched extends Place {
  /** Whether the decision needs its value, which may be large. */
  readonly withValue: boolean;
}

/**
 * The result of an operation.
 * @typeParam Shown an entry that the response may show: its head when it is decided, the whole entry when it is answered
 */
export type OperationResult<Shown extends EntryHead = Entry> =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "deleted"; readonly deleted: boolean }
  | {
      readonly kind: "cleared";
      /** Entries removed. */
      readonly clearedCount: number;
      /** Namespaces that held any, sorted. */
      readonly namespaces: readonly string[];
    }
  /** Both are null if no entry was free. */
  | { readonly kind: "claimed"; readonly entry: Shown | null; readonly claim: Claim | null }
  | { readonly kind: "renewed"; readonly claim: Claim }
  /** A claim ended without a result. When the entry may be claimed again; null if it is dead-lettered. */
  | { readonly kind: "released"; readonly claimableAt: Date | null }
  | { readonly kind: "reopened"; readonly reopened: boolean }
  | { readonly kind: "requeued"; readonly requeued: boolean }
  | { readonly kind: "revoked"; readonly revoked: boolean };

/** A condition that does not hold. */
export interface Unmet {
  readonly kind: "unmet";
  readonly condition: Condition;
}

/** A command that can't be done. */
export interface Refused {
  readonly kind: "refused";
  readonly error: BatonError;
}

/** What a decision knows beside the state. */
export interface Rules {
  readonly limits: Limits;
  /** The agent that writes; null without a name. */
  readonly agent: string | null;
}

/** One kind of operation: how it is read, what it touches, how large it is, and what it does. */
export interface OperationType<Input, Operation extends { readonly kind: string }> {
  /**
   * Checks a caller's input against the limits (G9) and the viewer's permissions (G1).
   * @param argument path of the input, such as `input.operations.3.set`
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED
   */
  read(asked: Asked, argument: string, input: Input): Operation;
  /** The entries that the decision looks at. */
  touches(operation: Operation): readonly Touched[];
  /** Bytes that the operation holds in memory while it waits, roughly. */
  sizeBytes(operation: Operation): number;
  /**
   * Does it in the draft; in steps where it may read a long value.
   * @throws BatonError if the operation is refused
   */
  decide(draft: Draft, operation: Operation, rules: Rules): Decided | Steps<Decided>;
}

/** What an operation came to. */
export type Decided = OperationResult<LoadedEntry> | Unmet;

/** Bytes that any operation holds in memory, roughly. */
export const baseSizeBytes = 500;

/** Bytes that a result writes, to the entry and to the log. */
export function writtenBytes(result: OperationResult<LoadedEntry>): number {
  return result.kind === "written" ? result.entry.sizeBytes : 0;
}
