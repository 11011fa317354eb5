/** The delay after the first failure. Each one after it doubles the delay … */
const firstDelaySeconds = 1;
/** … up to this. */
const maxDelaySeconds = 300;
/** Giving work back is usual when a worker stops. More often than that it is a loop. */
const freeReleases = 3;

/** How long an entry that was failed is not handed out, in seconds: 1, 2, 4 … 300. */
export function failureDelaySeconds(attempt: number): number {
  return Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1));
}

/** How long an entry that was given back is not handed out, in seconds: 0 for the first three claims, then 1, 2, 4 … 300. */
export function releaseDelaySeconds(attempt: number): number {
  return attempt <= freeReleases ? 0 : failureDelaySeconds(attempt - freeReleases);
}
