import { defaultConfig } from "../../src/config.ts";
import type { Database, PageBounds } from "../../src/store/contract.ts";
import { Feed, type FeedSession } from "../../src/feed/feed.ts";
import { Hub } from "../../src/feed/hub.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { Store } from "../../src/store/store.ts";

/** One instance's feed with its committer, and another process that writes without telling it. */
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
  const feed = new Feed({
    source: database,
    store: new Store(database, defaultConfig()),
    hub,
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

/** A caller that may read these namespaces, until its token ends. */
export function sessionOf(
  userId: string,
  namespacePatterns: readonly string[] = ["*"],
  ended: AbortSignal = new AbortController().signal,
): FeedSession {
  return { viewer: { userId, agent: null, scopes: ["read"], namespacePatterns }, ended };
}
