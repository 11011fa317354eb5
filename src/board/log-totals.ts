import type { LogChange } from "./change-log.ts";

const hourMs = 3_600_000;
const buckets = 60;

/** The totals of the last hour of the log, as far as the board has loaded it. */
export interface LogTotals {
  /** The bytes written in each minute, the latest last. */
  readonly bytes: readonly number[];
  /** The number of agents that wrote in each minute. */
  readonly agents: readonly number[];
  /** Each agent with its number of changes, the most active first. An empty name means: no agent. */
  readonly byAgent: readonly (readonly [string, number])[];
  /** The oldest change that was counted. Null if the loaded log reaches back an hour, or to its beginning. */
  readonly since: number | null;
}

/** @param hasOlder whether the log has changes before these */
export function totalsOf(all: readonly LogChange[], now: number, hasOlder: boolean): LogTotals {
  const begin = now - hourMs;
  const bytes = Array.from({ length: buckets }, () => 0);
  const agents = Array.from({ length: buckets }, () => new Set<string>());
  const byAgent = new Map<string, number>();
  for (let at = all.length - 1; at >= 0; at--) {
    const change = all[at] as LogChange;
    if (change.at < begin) break;
    const bucket = Math.min(buckets - 1, Math.floor(((change.at - begin) / hourMs) * buckets));
    bytes[bucket] = (bytes[bucket] ?? 0) + change.sizeBytes;
    const name = change.agent ?? "";
    agents[bucket]?.add(name);
    byAgent.set(name, (byAgent.get(name) ?? 0) + 1);
  }
  const first = all[0];
  return {
    bytes,
    agents: agents.map((names) => names.size),
    byAgent: [...byAgent].sort((a, b) => b[1] - a[1]),
    since: first && hasOlder && first.at > begin ? first.at : null,
  };
}

const rateSeconds = 10;

/** The changes per second, over the last ten seconds. */
export function ratePerSecond(all: readonly LogChange[], now: number): number {
  let count = 0;
  for (let at = all.length - 1; at >= 0; at--) {
    if ((all[at] as LogChange).at < now - rateSeconds * 1_000) break;
    count++;
  }
  return count / rateSeconds;
}
