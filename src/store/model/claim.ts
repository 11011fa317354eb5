import { isExpired, type Entry, type EntryHead } from "./entry.ts";

/**
 * The work on an entry: its claim, and what became of the claims before. It is stored beside the entry and is not part of
 * it: readers do not see it, the log does not hold it, and a write does not change it. It is removed with the entry.
 */
export interface ClaimState {
  /** The token of the claim that holds the entry, or held it until its lease ended; null if no claim does. */
  readonly claimToken: string | null;
  /** The agent that was granted that claim; null where it said no name, and without a claim. */
  readonly claimAgent: string | null;
  /** How often the entry has been claimed since it was created, reopened or requeued. */
  readonly claimAttempt: number;
  /** How often it may be claimed, as the latest claim said; null without a limit. */
  readonly claimMaxAttempts: number | null;
  /** The entry is not handed out before this instant: the end of its lease, or of the delay after one; null for neither. */
  readonly claimExpiresAt: Date | null;
  /** When it was failed last; null if it never was. */
  readonly claimFailedAt: Date | null;
  /** Why it was failed last, as serialised JSON; null without a reason. */
  readonly claimError: string | null;
  /** A completed entry is not handed out again, unless it is reopened. */
  readonly isCompleted: boolean;
  /** A dead-lettered entry is not handed out again, unless it is requeued. */
  readonly isDeadLettered: boolean;
}

/** An entry as it is stored, without its value. */
export interface StoredHead extends EntryHead, ClaimState {}

/** An entry as it is stored. */
export interface StoredEntry extends Entry, ClaimState {}

/** What a worker is granted. */
export interface Claim {
  /** Proves the claim. A later claim of the same entry has another token. */
  readonly token: string;
  /** From this instant on another worker may claim the entry. */
  readonly expiresAt: Date;
  /** 1 for the first claim of the entry. */
  readonly attempt: number;
  /** How often the entry may be claimed; null without a limit. */
  readonly maxAttempts: number | null;
  /** When an earlier claim of the entry was failed last; null if none was. */
  readonly failedAt: Date | null;
  /** Why, as serialised JSON; null without a reason. */
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

/** The work on an entry, without the entry. */
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

/** Whether a lease is active, or the delay after one. */
export function isHeld({ claimExpiresAt }: ClaimState, now: Date): boolean {
  return claimExpiresAt !== null && claimExpiresAt > now;
}

/** Whether the next worker may claim the entry. */
export function isFree(entry: StoredHead, now: Date): boolean {
  const isOver = entry.isCompleted || entry.isDeadLettered;
  return !isOver && !isHeld(entry, now) && !isExpired(entry, now);
}

/**
 * Whether an entry was claimed as often as it may be.
 * @param maxAttempts what the next claim says; null: what the claim before it said counts
 */
export function isExhausted(entry: ClaimState, maxAttempts: number | null): boolean {
  const limit = maxAttempts ?? entry.claimMaxAttempts;
  return limit !== null && entry.claimAttempt >= limit;
}
