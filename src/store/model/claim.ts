import { isExpired, type Entry, type EntryHead } from "./entry.ts";

/**
 * The claim of an entry. It is stored beside the entry and is not part of it: readers do not see it, the log does not
 * hold it, and a write does not change it. It is removed with the entry.
 */
export interface ClaimState {
  /** The token of the claim that holds the entry, or held it last; null if no claim does. */
  readonly claimToken: string | null;
  /** How often the entry has been claimed. */
  readonly claimAttempt: number;
  /** When the lease ends; null without a lease. */
  readonly claimExpiresAt: Date | null;
  /** A completed entry is not handed out again. */
  readonly isCompleted: boolean;
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
}

export const unclaimed: ClaimState = {
  claimToken: null,
  claimAttempt: 0,
  claimExpiresAt: null,
  isCompleted: false,
};

/** Whether a lease is active. */
export function isHeld({ claimExpiresAt }: ClaimState, now: Date): boolean {
  return claimExpiresAt !== null && claimExpiresAt > now;
}

/** Whether the next worker may claim the entry. */
export function isFree(entry: StoredHead, now: Date): boolean {
  return !entry.isCompleted && !isHeld(entry, now) && !isExpired(entry, now);
}
