import { defaultConfig } from "../../src/config.ts";
import type { Database, PageBounds } from "../../src/store/contract.ts";
import { ClaimFeed } from "../../src/feed/claim-feed.ts";
import { Feed, type FeedSession } from "../../src/feed/feed.ts";
import { Hub } from "../../src/feed/hub.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { CallBounds } from "../../src/store/call-bounds.ts";
import { Store } from "../../src/store/store.ts";
import { viewerWith } from "../viewer.ts";

/** The feed of one instance with its committer, and another process that writes without notifying it. */
export function feedInstance(database: Database, pageBounds: PageBounds) {
  const queueBounds = { maxChanges: 3, maxBytes: 10_000 };
  const hub = new Hub({
    source: database,
    pageBounds,
    recentBounds: queueBounds,
    onError: (error) => {
      throw error;
    },
  });
  const store = new Store(database, defaultConfig());
  const feed = new Feed({
    source: database,
    checks: store.checks,
    hub,
    bounds: new CallBounds(defaultConfig()),
    claims: new ClaimFeed({ store, notifications: database }),
    pageBounds,
    queueBounds,
  });
  const here = new Committer({
    database,
    limits: defaultConfig(),
    onCommit: (committed) => committed.forEach(({ changes }, user) => hub.publish(user, changes)),
  });
  const elsewhere = new Committer({ database, limits: defaultConfig(), onCommit: () => {} });
  return { hub, feed, here, elsewhere };
}

/** A caller that can read these namespaces, until its token ends. */
export function sessionOf(
  userId: string,
  namespacePatterns: readonly string[] = ["*"],
  ended: AbortSignal = new AbortController().signal,
): FeedSession {
  return { viewer: viewerWith(userId, null, ["read"], namespacePatterns), ended };
}
