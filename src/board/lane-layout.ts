import type { LogChange } from "./change-log.ts";

/** A change in the lane of its agent. */
export interface Mark {
  readonly change: LogChange;
  readonly lane: number;
  /** From 0, the beginning of the window, to 1, its end. */
  readonly x: number;
}

/**
 * A handoff: a write that follows another agent's write of the same key, or otherwise in the same namespace.
 */
export interface Handoff {
  readonly from: Mark;
  readonly to: Mark;
}

export interface Lanes {
  /** By their first change in the window. */
  readonly agents: readonly (string | null)[];
  readonly marks: readonly Mark[];
  readonly handoffs: readonly Handoff[];
}

const maxLanes = 40;
const maxMarks = 600;

/** Lays out the changes between two instants. If there are too many, only the latest are shown. */
export function layLanes(changes: readonly LogChange[], begin: number, end: number): Lanes {
  const within: LogChange[] = [];
  for (let at = changes.length - 1; at >= 0 && within.length < maxMarks; at--) {
    const change = changes[at] as LogChange;
    if (change.at < begin) break;
    if (change.at <= end) within.push(change);
  }
  within.reverse();
  const lanes = new Map<string | null, number>();
  const marks: Mark[] = [];
  const handoffs: Handoff[] = [];
  /** The last write of each namespace, and of each of its keys. */
  const last = new Map<string, Mark>();
  for (const change of within) {
    let lane = lanes.get(change.agent);
    if (lane === undefined) {
      if (lanes.size >= maxLanes) continue;
      lanes.set(change.agent, (lane = lanes.size));
    }
    const mark = { change, lane, x: (change.at - begin) / (end - begin) };
    marks.push(mark);
    if (change.kind !== "SET") continue;
    const place = `${change.namespace}\0${change.key}`;
    const before = [last.get(place), last.get(change.namespace)].find(
      (earlier) => earlier && earlier.change.agent !== change.agent,
    );
    if (before) handoffs.push({ from: before, to: mark });
    last.set(place, mark);
    last.set(change.namespace, mark);
  }
  return { agents: [...lanes.keys()], marks, handoffs };
}
