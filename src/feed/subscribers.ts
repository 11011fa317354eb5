import type { Selection } from "../store/model/change.ts";
import { everything } from "../store/model/text-match.ts";
import { may, requireScope, type Viewer } from "../store/model/viewer.ts";
import type { Hub } from "./hub.ts";
import type { Follower } from "./tail.ts";

/** A subscription to changes, or a call that waits for an entry. */
export interface Subscriber {
  readonly kind: Follower["kind"];
  /** The agent of the caller; null if it gave none. */
  readonly agent: string | null;
  readonly selection: Selection;
  /** The number of revisions that it is behind the log; 0 if it is up to date. */
  readonly lag: bigint;
}

/** The subscriptions and waits of one store on one instance. */
export interface Subscribers {
  readonly subscriptionCount: number;
  readonly waitCount: number;
  /** Sorted by lag, the largest first. */
  readonly all: readonly Subscriber[];
}

/**
 * Returns the subscriptions and waits of the viewer's store on this instance. A viewer sees only those whose namespaces it
 * can all read (G1).
 * @throws FORBIDDEN without the scope `read`
 */
export function readSubscribers(hub: Pick<Hub, "followersOf">, viewer: Viewer): Subscribers {
  requireScope(viewer, "read");
  const seesAll = may(viewer, "read", everything);
  const all: Subscriber[] = [];
  for (const { follower, lag } of hub.followersOf(viewer.userId)) {
    const { kind, agent, selection } = follower;
    if (seesAll || isWithin(viewer, selection)) all.push({ kind, agent, selection, lag });
  }
  all.sort((a, b) => Number(b.lag - a.lag));
  const waitCount = all.filter(({ kind }) => kind === "wait").length;
  return { subscriptionCount: all.length - waitCount, waitCount, all };
}

/** A selection without a namespace belongs to another token, so it is not shown. */
function isWithin(viewer: Viewer, { namespaces }: Selection): boolean {
  return namespaces.length > 0 && namespaces.every((match) => may(viewer, "read", match));
}
