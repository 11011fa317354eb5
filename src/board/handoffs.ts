import type { LogChange } from "./change-log.ts";

/** The number of later changes that are searched. */
const maxSteps = 400;

/**
 * The write that took up a change: the next write of another agent, of the same key or in the same namespace. The log
 * has writes and no reads, so agents that only read are not known.
 * @param all the log, the oldest first
 * @param at the index of the change
 */
export function nextOfAnother(all: readonly LogChange[], at: number): LogChange | null {
  const change = all[at];
  if (!change || change.kind !== "SET") return null;
  const end = Math.min(all.length, at + 1 + maxSteps);
  for (let index = at + 1; index < end; index++) {
    const later = all[index] as LogChange;
    if (later.namespace !== change.namespace) continue;
    // Later writes do not depend on the change.
    if (later.kind === "NAMESPACE_CLEARED") return null;
    if (later.kind === "SET" && later.agent !== change.agent) return later;
  }
  return null;
}

/** The index of a revision in the log, or the index at which it would be. */
export function placeOf(all: readonly LogChange[], revision: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle] as LogChange).revision < revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
