import type { Place } from "./place.ts";

/** The progress of the work on a part of a store. Each entry is counted once. */
export interface ClaimCounts {
  /** Entries that the next `claimEntry` can claim. */
  readonly free: number;
  /** Entries that an active claim holds. */
  readonly taken: number;
  /** Entries that cannot be claimed yet: they were released or failed with a delay. */
  readonly delayed: number;
  readonly completed: number;
  readonly deadLettered: number;
}

export const noClaimCounts: ClaimCounts = {
  free: 0,
  taken: 0,
  delayed: 0,
  completed: 0,
  deadLettered: 0,
};

export function addClaimCounts(a: ClaimCounts, b: ClaimCounts): ClaimCounts {
  return {
    free: a.free + b.free,
    taken: a.taken + b.taken,
    delayed: a.delayed + b.delayed,
    completed: a.completed + b.completed,
    deadLettered: a.deadLettered + b.deadLettered,
  };
}

export function equalClaimCounts(a: ClaimCounts, b: ClaimCounts): boolean {
  return (Object.keys(noClaimCounts) as (keyof ClaimCounts)[]).every((name) => a[name] === b[name]);
}

/** The claim that holds an entry, as an observer sees it: without the token. */
export interface HeldClaim extends Place {
  /** The agent that holds the claim; null if it gave no agent name. */
  readonly agent: string | null;
  readonly expiresAt: Date;
  /** 1 for the first claim of the entry. */
  readonly attempt: number;
  /** How many times the entry can be claimed; null without a limit. */
  readonly maxAttempts: number | null;
}
