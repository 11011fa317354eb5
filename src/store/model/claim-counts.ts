import type { Place } from "./place.ts";

/** How far the work on a part of a store is: each entry is counted once. */
export interface ClaimCounts {
  /** Entries that the next `claimEntry` may take. */
  readonly free: number;
  /** Entries that a worker holds. */
  readonly taken: number;
  /** Entries that nobody may claim yet: they were given back, or failed, with a delay. */
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

/** The claim that holds an entry, as others than its worker see it: without the token. */
export interface HeldClaim extends Place {
  /** The agent that was granted it; null where it said no name. */
  readonly agent: string | null;
  readonly expiresAt: Date;
  /** 1 for the first claim of the entry. */
  readonly attempt: number;
  /** How often the entry may be claimed; null without a limit. */
  readonly maxAttempts: number | null;
}
