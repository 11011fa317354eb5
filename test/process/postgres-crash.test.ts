import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { subscribe, subscribeBySse } from "../client.ts";
import { health, msOf, msUntil, msUntilReady, serveInstance, serveInstances } from "./instances.ts";
import { expectNothingLost, Follower, Load } from "./load.ts";
import { ownPostgres, type OwnPostgres } from "./own-postgres.ts";

/** The maximum time until an instance serves again after PostgreSQL. */
const recoveryMs = 5_000;
/** The maximum time until a call is refused if the database cannot be reached. */
const refusalMs = 6_000;

let postgres: OwnPostgres;

beforeAll(async () => {
  postgres = await ownPostgres();
});
afterAll(() => postgres[Symbol.asyncDispose]());

test("G2 G3 G5: if an instance is killed with -9, its writers and subscribers continue at another, without loss, repetition or gap", async () => {
  await using own = await postgres.createDatabase();
  await using instances = await serveInstances([own.url], [own.url]);
  const [killed, other] = instances.all;
  const servers = [killed, other];
  await using load = new Load(servers);
  await using atKilled = new Follower(servers);
  await using bySse = new Follower(servers, "sse");
  await using atOther = new Follower([other]);
  await load.more(200);
  await killed.kill("SIGKILL");
  await load.more(200);
  await load.stop();
  await expectNothingLost(other, load, [atKilled, bySse, atOther]);
  expect(load.refused).toEqual([]);
  expect(atKilled.breaks).toBeGreaterThan(0);
  expect(atOther.breaks).toBe(0);
});

describe("PostgreSQL stops and starts again", () => {
  test.for([
    ["a fast shutdown", "SIGINT"],
    ["an immediate one", "SIGQUIT"],
    ["kill -9", "SIGKILL"],
  ] as const)(
    "G2 G3 G5: %s: UNAVAILABLE in between, then all continue without loss, repetition or gap",
    async ([, signal], { annotate }) => {
      await using own = await postgres.createDatabase();
      await using server = await serveInstance(own.url);
      await using load = new Load([server]);
      await using bySocket = new Follower([server]);
      await using bySse = new Follower([server], "sse");
      await load.more(100);
      await postgres.halt(signal);
      const unreadyMs = await msUntilReady(server, 503);
      const refused = load.refused.length;
      await msUntil(() => load.refused.length >= refused + 16);
      expect(await health(server, "live")).toBe(200);
      await postgres.start();
      const [readyMs, writesMs] = await Promise.all([
        msUntilReady(server, 200),
        msOf(load.more(1)),
      ]);
      await load.more(100);
      await load.stop();
      const { slowestRefusalMs } = load;
      await annotate(JSON.stringify({ unreadyMs, readyMs, writesMs, slowestRefusalMs }));
      expect(load.refusedOtherThan("UNAVAILABLE")).toEqual([]);
      expect(slowestRefusalMs).toBeLessThan(refusalMs);
      expect(Math.max(readyMs, writesMs)).toBeLessThan(recoveryMs);
      await expectNothingLost(server, load, [bySocket, bySse]);
      expect([load.unanswered, bySocket.breaks, bySse.breaks]).toEqual([0, 0, 0]);
    },
  );

  test("SIGTERM during the outage ends the server within 5 s with exit code 0, and subscriptions complete", async () => {
    await using own = await postgres.createDatabase();
    await using server = await serveInstance(own.url);
    const document = "subscription { entryChanged(snapshot: true) { kind } }";
    const subscriptions = [subscribe(server, document), await subscribeBySse(server, document)];
    for (const events of subscriptions) await events.next();
    await postgres.halt("SIGINT");
    try {
      await msUntilReady(server, 503);
      const ended = server.kill("SIGTERM");
      expect(await msOf(ended)).toBeLessThan(5_000);
      expect(await ended).toMatchObject({ code: 0 });
      for (const events of subscriptions) expect(await events.rest()).toEqual([]);
    } finally {
      await postgres.start();
    }
  });
});
