import { isExpired, type Entry, type EntryHead } from "./entry.ts";

/**
 * The state of the work on an entry: its claim, and the outcome of earlier claims. It is stored with the entry but is
 * not part of it: readers do not see it, the log does not hold it, and a write does not change it. It is removed with
 * the entry.
 */
export interface ClaimState {
  /** The token of the claim that holds the entry, or held it until its lease ended; null if no claim does. */
  readonly claimToken: string | null;
  /** The agent that holds that claim; null if it gave no agent name, and without a claim. */
  readonly claimAgent: string | null;
  /** How many times the entry was claimed since it was created, reopened or requeued. */
  readonly claimAttempt: number;
  /** How many times it can be claimed, as set by the latest claim; null without a limit. */
  readonly claimMaxAttempts: number | null;
  /** The entry cannot be claimed before this time: the end of its lease, or of the delay after it. Null if neither. */
  readonly claimExpiresAt: Date | null;
  /** Time of the latest failure; null if it never failed. */
  readonly claimFailedAt: Date | null;
  /** The error of the latest failure, as serialised JSON; null without one. */
  readonly claimError: string | null;
  /** A completed entry is not claimed again until it is reopened. */
  readonly isCompleted: boolean;
  /** A dead-lettered entry is not claimed again until it is requeued. */
  readonly isDeadLettered: boolean;
}

/** An entry as it is stored, without its value. */
export interface StoredHead extends EntryHead, ClaimState {}

/** An entry as it is stored. */
export interface StoredEntry extends Entry, ClaimState {}

/** A claim as its worker sees it. */
export interface Claim {
  /** Proves the claim. A later claim of the same entry has another token. */
  readonly token: string;
  /** From this time on another worker can claim the entry. */
  readonly expiresAt: Date;
  /** 1 for the first claim of the entry. */
  readonly attempt: number;
  /** How many times the entry can be claimed; null without a limit. */
  readonly maxAttempts: number | null;
  /** Time of the latest failure of an earlier claim; null if there was none. */
  readonly failedAt: Date | null;
  /** The error of that failure, as serialised JSON; null without one. */
  readonly error: string | null;
}

export const unclaimed: ClaimState = {
  claimToken: null,
  claimAgent: null,
  claimAttempt: 0,
  claimMaxAttempts: null,
  claimExpiresAt: null,
  claimFailedAt: null,
  claimError: null,
  isCompleted: false,
  isDeadLettered: false,
};

/** The state of the work on an entry, without the entry. */
export function claimStateOf(state: ClaimState): ClaimState {
  const { claimToken, claimAgent, claimAttempt, claimMaxAttempts, claimExpiresAt } = state;
  const { claimFailedAt, claimError, isCompleted, isDeadLettered } = state;
  return {
    claimToken,
    claimAgent,
    claimAttempt,
    claimMaxAttempts,
    claimExpiresAt,
    claimFailedAt,
    claimError,
    isCompleted,
    isDeadLettered,
  };
}

/** The claim that holds an entry, as its worker sees it. */
export function grantedClaim(
  state: ClaimState & { claimToken: string; claimExpiresAt: Date },
): Claim {
  return {
    token: state.claimToken,
    expiresAt: state.claimExpiresAt,
    attempt: state.claimAttempt,
    maxAttempts: state.claimMaxAttempts,
    failedAt: state.claimFailedAt,
    error: state.claimError,
  };
}

/** Whether a lease, or the delay after one, is active. */
export function isHeld({ claimExpiresAt }: ClaimState, now: Date): boolean {
  return claimExpiresAt !== null && claimExpiresAt > now;
}

/** Whether the entry can be claimed now. */
export function isFree(entry: StoredHead, now: Date): boolean {
  const isOver = entry.isCompleted || entry.isDeadLettered;
  return !isOver && !isHeld(entry, now) && !isExpired(entry, now);
}

/**
 * Whether an entry was claimed as many times as its limit allows.
 * @param maxAttempts the limit of the next claim; null: the limit of the latest claim applies
 */
export function isExhausted(entry: ClaimState, maxAttempts: number | null): boolean {
  const limit = maxAttempts ?? entry.claimMaxAttempts;
  return limit !== null && entry.claimAttempt >= limit;
}
