import { isExpired, type Entry } from "./entry.ts";

/**
 * Whose work an entry is. It lies beside the entry and is not part of it: readers don't see it, the log does not have
 * it, and a write leaves it as it is. With the entry it goes.
 */
export interface ClaimState {
  /** Of the claim that holds the entry, or held it last; null when it is nobody's. */
  readonly token: string | null;
  /** How often the entry has been claimed. */
  readonly attempt: number;
  readonly expiresAt: Date | null;
  /** A completed entry is handed out no more. */
  readonly isCompleted: boolean;
}

/** An entry as it is stored. */
export interface StoredEntry extends Entry {
  readonly claim: ClaimState;
}

/** What a worker is granted. */
export interface Claim {
  /** Proves the claim; a later claim of the same entry has another. */
  readonly token: string;
  /** From this instant on the entry is anyone's again. */
  readonly expiresAt: Date;
  /** 1 for the first claim of the entry. */
  readonly attempt: number;
}

export const unclaimed: ClaimState = {
  token: null,
  attempt: 0,
  expiresAt: null,
  isCompleted: false,
};

/** Whether someone's lease runs. */
export function isHeld({ expiresAt }: ClaimState, now: Date): boolean {
  return expiresAt !== null && expiresAt > now;
}

/** Whether the next worker may have it. */
export function isFree(entry: StoredEntry, now: Date): boolean {
  return !entry.claim.isCompleted && !isHeld(entry.claim, now) && !isExpired(entry, now);
}
