import { setImmediate as turn } from "node:timers/promises";
import pino from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { ChangedPlaces } from "../../src/feed/changed-places.ts";
import { ClaimFeed } from "../../src/feed/claim-feed.ts";
import type { Database } from "../../src/store/contract.ts";
import type { Change } from "../../src/store/model/change.ts";
import { everything, exact } from "../../src/store/model/text-match.ts";
import { Store } from "../../src/store/store.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { sessionOf } from "./feed-instance.ts";

let own: OwnDatabase;
let database: Database;
beforeAll(async () => {
  own = await createSqlite();
  const config = { ...defaultConfig(), ...own.config };
  database = await openDatabase(config, pino({ level: "silent" }));
});
afterAll(async () => {
  await database.close();
  await own[Symbol.asyncDispose]();
});

function claimFeed(): ClaimFeed {
  return new ClaimFeed({ store: new Store(database, defaultConfig()), notifications: database });
}

/** The changes of a commit that clears namespaces. */
function cleared(namespaces: readonly string[]): readonly Change[] {
  const common = { kind: "NAMESPACE_CLEARED", key: null, entry: null, agent: null } as const;
  return namespaces.map((namespace, at) => ({
    ...common,
    namespace,
    revision: BigInt(at + 1),
    at: new Date(),
  }));
}

test("many watches learn of a large commit in turns of the event loop, and each learns of it", async () => {
  const feed = claimFeed();
  const grants = Array.from({ length: 100 }, (_, at) => `granted${at}:*`);
  const session = sessionOf("ann", grants);
  const watches = Array.from({ length: 300 }, () => feed.watch(session, {}));
  const noticed = watches.map((watch) => vi.spyOn(watch, "notice"));
  const compared = vi.spyOn(ChangedPlaces.prototype, "mayConcern");
  const others = Array.from({ length: 100 }, (_, at) => `other${at}`);
  feed.publish("ann", { claimed: [], changes: cleared([...others, "granted99:a"]) });
  const atOnce = compared.mock.calls.length;
  // This commit follows before the first one has reached every watch.
  feed.publish("ann", { claimed: [], changes: cleared(["granted0:a"]) });
  while (compared.mock.calls.length < 2 * watches.length) await turn();
  expect(atOnce).toBeLessThan(watches.length);
  expect(noticed.every(({ mock }) => mock.calls.length === 2)).toBe(true);
  feed.close();
});

test("more places than are compared may concern every watch", () => {
  const selection = { namespaces: [exact("granted")], keys: everything };
  const changed = new ChangedPlaces();
  for (let at = 0; at < 1_000; at++) changed.add({ namespace: `other${at}`, key: "k" });
  changed.add({ namespace: "other0", key: "k" });
  expect(changed.mayConcern(selection)).toBe(false);
  changed.add({ namespace: "other0", key: "another" });
  expect(changed.mayConcern(selection)).toBe(true);
});

test("the watches of a user count one after another, and closed ones count nothing", async () => {
  const feed = claimFeed();
  const reads = vi.spyOn(database, "readClaims");
  const watches = Array.from({ length: 100 }, () => feed.watch(sessionOf("ann"), {}));
  const first = watches.map((watch) => watch.next());
  while (reads.mock.calls.length === 0) await turn();
  const closed = watches.slice(1);
  for (const watch of closed) watch.close();
  expect(await first[0]).toMatchObject({ done: false });
  for (const one of first.slice(1)) expect(await one).toMatchObject({ done: true });
  expect(reads).toHaveBeenCalledOnce();
  expect(await feed.watch(sessionOf("ann"), {}).next()).toMatchObject({ done: false });
  feed.close();
});
