/** The delay after the first failed attempt. Each further attempt doubles it … */
const firstDelaySeconds = 1;
/** … up to this delay. */
const maxDelaySeconds = 300;
/** A worker that stops usually releases its entry once. More releases than this suggest a loop. */
const freeReleases = 3;

/** The delay until a failed entry can be claimed again, in seconds: 1, 2, 4 … 300. */
export function failureDelaySeconds(attempt: number): number {
  return Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1));
}

/**
 * The delay until a released entry can be claimed again, in seconds: 0 for the first three attempts, then 1, 2, 4 …
 * 300.
 */
export function releaseDelaySeconds(attempt: number): number {
  return attempt <= freeReleases ? 0 : failureDelaySeconds(attempt - freeReleases);
}
