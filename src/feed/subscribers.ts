import type { Selection } from "../store/model/change.ts";
import { everything } from "../store/model/text-match.ts";
import { may, requireScope, type Viewer } from "../store/model/viewer.ts";
import type { Hub } from "./hub.ts";
import type { Follower } from "./tail.ts";

/** One who follows a log: a subscription to changes, or a call that waits for an entry. */
export interface Subscriber {
  readonly kind: Follower["kind"];
  /** The name that it said; null for none. */
  readonly agent: string | null;
  readonly selection: Selection;
  /** Revisions that it is behind the log; 0: it has everything that it follows. */
  readonly lag: bigint;
}

/** Those who follow a store on one instance. */
export interface Subscribers {
  readonly subscriptionCount: number;
  readonly waitCount: number;
  /** The one furthest behind first. */
  readonly all: readonly Subscriber[];
}

/**
 * Who follows the log of a viewer's store on this instance. A viewer sees those who follow nothing but what it may read
 * itself (G1).
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

/** Who follows no namespace at all is a token's own concern. */
function isWithin(viewer: Viewer, { namespaces }: Selection): boolean {
  return namespaces.length > 0 && namespaces.every((match) => may(viewer, "read", match));
}
