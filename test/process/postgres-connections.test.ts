import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Refusal } from "../client.ts";
import { get, set } from "../operations.ts";
import { PostgresProxy } from "../postgres-proxy.ts";
import { health, msOf, msUntil, msUntilReady, serveInstance, serveInstances } from "./instances.ts";
import { run } from "./baton-process.ts";
import { expectNothingLost, Follower, Load } from "./load.ts";
import {
  connectTo,
  ownPostgres,
  terminate,
  type Outsider,
  type OwnPostgres,
} from "./own-postgres.ts";

const maxConnections = 24;
const few = ["--postgres-connections", "5"];
const notifications = "baton notifications";
/** The maximum wait of a call for connections: 5 s for the lookup of its token, and 5 s for its own. */
const refusalMs = 20_000;

let postgres: OwnPostgres;

beforeAll(async () => {
  postgres = await ownPostgres(`max_connections=${maxConnections}`);
});
afterAll(() => postgres[Symbol.asyncDispose]());

async function countConnections(outsider: Outsider, pattern: string): Promise<number> {
  const [row] = await outsider.select(
    `SELECT count(*)::int AS "count" FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND application_name LIKE $1`,
    [pattern],
  );
  return row?.count;
}

/** Takes all connections. A connection that just ended becomes free slightly later. */
async function takeConnections(outsider: Outsider) {
  const taken: Outsider[] = [];
  while ((await countConnections(outsider, "%")) < maxConnections) {
    const connection = await connectTo(postgres.url).catch(() => null);
    if (connection) taken.push(connection);
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(taken.splice(0).map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** The outcome of a call, and its duration. */
async function timed<T>(call: Promise<T>) {
  const begin = performance.now();
  const outcome = await call.then(
    (value) => ({ value, refusal: null }),
    (refusal: Refusal) => ({ value: null, refusal }),
  );
  return { ...outcome, tookMs: Math.round(performance.now() - begin) };
}

test("G2 G3: without its LISTEN connection, an instance is ready, finds others' writes by polling, and connects again", async ({
  annotate,
}) => {
  await using own = await postgres.createDatabase();
  await using proxy = await PostgresProxy.open(own.url);
  await using outsider = await connectTo(own.url);
  await using instances = await serveInstances(
    [own.url, ...few],
    [own.url, ...few, "--poll-interval-ms", "60000"],
    [proxy.url, ...few],
  );
  const [writing, notified, polling] = instances.all;
  await using load = new Load([writing]);
  await using atNotified = new Follower([notified]);
  await using atPolling = new Follower([polling]);
  await load.more(50);
  expect(await countConnections(outsider, notifications)).toBe(3);

  proxy.refuse((name) => name === notifications);
  await terminate(outsider, notifications);
  const backMs = await msUntil(async () => (await countConnections(outsider, notifications)) === 2);
  await load.more(50);
  for (const instance of instances.all) expect(await health(instance, "ready")).toBe(200);
  await load.stop();
  await expectNothingLost(writing, load, [atPolling]);
  expect(proxy.applicationNames).not.toContain(notifications);

  proxy.admit();
  const admittedMs = await msUntil(() => proxy.applicationNames.includes(notifications));
  // Only a notification leads this instance to the writes that it was not notified of.
  await set(writing, { key: "last", value: "last" });
  const noticedMs = await msOf(expectNothingLost(writing, load, [atNotified, atPolling]));
  await annotate(JSON.stringify({ backMs, admittedMs, noticedMs }));
  expect([atNotified.breaks, atPolling.breaks]).toEqual([0, 0]);
});

describe("UNAVAILABLE and not ready, but alive", () => {
  test("G5: while other clients have all of PostgreSQL's connections; recovers when they are free", async ({
    annotate,
  }) => {
    await using own = await postgres.createDatabase();
    await using outsider = await connectTo(own.url);
    await using proxy = await PostgresProxy.open(own.url);
    await using server = await serveInstance(proxy.url, ...few);
    await set(server, { key: "before", value: 1 });
    // Otherwise the instance would take the freed connections before the other clients.
    proxy.refuse();
    await terminate(outsider, "baton%");
    await msUntil(async () => (await countConnections(outsider, "baton%")) === 0);
    await using taken = await takeConnections(outsider);
    proxy.admit();
    const write = await timed(set(server, { key: "refused", value: 1 }));
    expect([write.refusal?.code, write.tookMs < refusalMs]).toEqual(["UNAVAILABLE", true]);
    expect(await health(server, "ready")).toBe(503);
    expect(await health(server, "live")).toBe(200);
    await taken[Symbol.asyncDispose]();
    const readyMs = await msUntilReady(server, 200);
    await annotate(JSON.stringify({ readyMs, refusedMs: write.tookMs }));
    expect((await set(server, { key: "after", value: 1 })).revision).toBe("2");
    expect((await get(server, "before"))?.value).toBe(1);
    expect(await get(server, "refused")).toBeNull();
  });

  test("G5: while each connection of its pool waits for a lock; recovers when the lock is released", async ({
    annotate,
  }) => {
    await using own = await postgres.createDatabase();
    await using outsider = await connectTo(own.url);
    // A pool of four: expiry and indexing can wait on two connections, and reads use the others.
    await using server = await serveInstance(own.url, "--postgres-connections", "7");
    const { stdout } = await run(["token", "create", "--user", "ann", "--database-url", own.url]);
    const other = { url: server.url, token: stdout.trim() };
    await using load = new Load([server]);
    await using follower = new Follower([server]);
    await load.more(50);
    await outsider.select("BEGIN");
    await outsider.select('LOCK TABLE "Entry" IN ACCESS EXCLUSIVE MODE');
    let refused = 0;
    // One user leaves two connections to others.
    const reads = Array.from({ length: 8 }, async (_, at) => {
      const answer = await timed(get(at % 2 === 0 ? server : other, "writer0"));
      if (answer.refusal) refused++;
      return answer;
    });
    const unreadyMs = await msUntilReady(server, 503);
    // Four operations wait for the lock, and all others wait for these four.
    const writing = timed(set(server, { key: "more", value: "more" }));
    await msUntil(() => refused >= 4);
    expect(await health(server, "live")).toBe(200);
    await outsider.select("COMMIT");
    const readyMs = await msUntilReady(server, 200);
    const answers = await Promise.all(reads);
    const answered = answers.filter(({ refusal }) => refusal === null);
    expect([2, 3, 4]).toContain(answered.length);
    const write = await writing;
    for (const { refusal, tookMs } of [...answers, write]) {
      if (refusal) expect(refusal.code).toBe("UNAVAILABLE");
      expect(tookMs).toBeLessThan(refusalMs);
    }
    await load.more(50);
    await load.stop();
    await annotate(
      JSON.stringify({
        unreadyMs,
        readyMs,
        write: write.tookMs,
        reads: answers.map(({ tookMs }) => tookMs),
        refused: load.refused,
      }),
    );
    expect(load.refusedOtherThan("UNAVAILABLE")).toEqual([]);
    await expectNothingLost(server, load, [follower]);
    expect([load.unanswered, follower.breaks]).toEqual([0, 0]);
  });
});
