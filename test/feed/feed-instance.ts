import { defaultConfig } from "../../src/config.ts";
import type { Database, PageBounds } from "../../src/store/contract.ts";
import { Hub } from "../../src/feed/hub.ts";
import { Committer } from "../../src/store/commit/committer.ts";

/** One instance's hub with its committer, and another process that writes without telling it. */
export function feedInstance(database: Database, pageBounds: PageBounds) {
  const hub = new Hub({
    source: database,
    queueBounds: { maxChanges: 3, maxBytes: 10_000 },
    pageBounds,
    onError: (error) => {
      throw error;
    },
  });
  const here = new Committer({
    database,
    limits: defaultConfig(),
    onCommit: (committed) => committed.forEach(({ changes }, user) => hub.publish(user, changes)),
  });
  const elsewhere = new Committer({ database, limits: defaultConfig(), onCommit: () => {} });
  return { hub, here, elsewhere };
}
