/** A change, or an event of a subscription, from the store or the API. */
export interface ReplayedEvent {
  readonly kind?: string;
  readonly revision?: bigint | string;
  readonly namespace?: string | null;
  readonly key?: string | null;
  /** If the event is `EXISTING`, the place and revision of this entry count. */
  readonly entry?: ReplayedEvent | null;
}

/** Applies events in order, like a consumer, and detects a key that moves to an earlier revision. */
export class Replay {
  /** The revision of every entry, by namespace and key. */
  readonly state = new Map<string, bigint>();
  readonly #lastSeen = new Map<string, bigint>();

  apply(event: ReplayedEvent): void {
    if (event.kind === "CAUGHT_UP") return;
    if (event.kind === "NAMESPACE_CLEARED") {
      for (const id of this.state.keys()) {
        if (id.startsWith(`${event.namespace}/`)) this.#see(id, event.revision, false);
      }
      return;
    }
    const { namespace, key, revision } = event.kind === "EXISTING" ? (event.entry ?? event) : event;
    const isThere = event.kind === "EXISTING" || event.kind === "SET";
    this.#see(`${namespace}/${key}`, revision, isThere);
  }

  #see(id: string, revision: bigint | string | undefined, isThere: boolean): void {
    const at = BigInt(revision ?? 0);
    const before = this.#lastSeen.get(id) ?? 0n;
    if (at <= before) throw new Error(`${id} moves back from ${before} to ${at}.`);
    this.#lastSeen.set(id, at);
    if (isThere) this.state.set(id, at);
    else this.state.delete(id);
  }
}

/** The state that results from a log, up to and including a revision. */
export function stateAt(
  log: readonly ReplayedEvent[],
  revision: bigint,
): ReadonlyMap<string, bigint> {
  const replay = new Replay();
  for (const change of log) if (BigInt(change.revision ?? 0) <= revision) replay.apply(change);
  return replay.state;
}

/** Sorts a state, for comparison. */
export function sorted(state: ReadonlyMap<string, bigint>): [string, bigint][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}
