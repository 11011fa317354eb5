import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, subscribe, type Events } from "../client.ts";
import { clear, get, remove, set, setMany, wholeLog } from "../operations.ts";
import { PostgresProxy } from "../postgres-proxy.ts";
import { createPostgres } from "../postgres.ts";
import { Replay, sorted, stateAt } from "../replay.ts";
import { startInstances, type Instance, type Instances } from "../server.ts";

const changed = (args: string) =>
  `subscription { entryChanged${args} { kind revision namespace key entry { namespace key value revision } } }`;

/** Longer than a test, so that every change that arrives was notified. */
const neverPolls = { pollIntervalMs: 60_000 };

function anyOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}

describe("three instances on one PostgreSQL", () => {
  let instances: Instances;
  let servers: readonly Instance[];
  beforeAll(async () => {
    instances = await startInstances(3, neverPolls, await createPostgres());
    ({ servers } = instances);
  });
  afterAll(() => instances.close());

  test("every instance immediately shows what another one acknowledged", async () => {
    for (let index = 0; index < 30; index++) {
      await set(anyOf(servers), { key: "shown", value: index });
      expect((await get(anyOf(servers), "shown"))?.value).toBe(index);
    }
  });

  test("G2 G3 G4: 32 writers of one user, and subscribers on each instance", async () => {
    const namespaces = ["left", "right"];
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const follow = (start: string) =>
      servers.map((server) => ({ server, events: subscribe(server, changed(start)) }));
    const followers = follow('(after: "0")');
    const early = follow("(snapshot: true)");
    const filtered = follow('(after: "0", namespace: "right", keyPrefix: "key-1")');

    const acknowledged: string[] = [];
    const write = async () => {
      const server = anyOf(servers);
      const namespace = anyOf(namespaces);
      const key = anyOf(keys);
      const chance = Math.random();
      if (chance < 0.02) return clear(server, namespace);
      if (chance < 0.2) return remove(server, { namespace, key });
      if (chance < 0.3) {
        const entries = [...new Set([anyOf(keys), anyOf(keys)])].map((one) => ({
          key: one,
          value: 0,
        }));
        return setMany(server, namespace, entries);
      }
      const written = await set(server, { namespace, key, value: chance });
      acknowledged.push(written.entry.revision);
      return written;
    };
    const writers = Array.from({ length: 32 }, async () => {
      for (let count = 0; count < 15; count++) await write();
    });
    await Promise.all(writers.slice(0, 16));
    const late = follow("(snapshot: true)");
    await Promise.all(writers);
    const { revision: last } = await set(anyOf(servers), {
      namespace: "right",
      key: "key-1",
      value: "last",
    });

    const [log, ...others] = await Promise.all(servers.map((server) => wholeLog(server)));
    for (const other of others) expect(other).toEqual(log);
    const changes = log as Record<string, any>[];
    expect(changes.map(({ revision }) => revision)).toEqual(
      changes.map((_, index) => String(index + 1)),
    );
    const sets = new Set(
      changes.filter(({ kind }) => kind === "SET").map(({ revision }) => revision),
    );
    expect(acknowledged.filter((revision) => !sets.has(revision))).toEqual([]);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);

    const revisions = (events: readonly Record<string, any>[]) =>
      events.map(({ revision }) => revision);
    const allOf = (events: Events) => events.until(({ revision }) => revision === last);
    // The last change can come before CAUGHT_UP, if it was made while the snapshot was read.
    const allOfSnapshot = (events: Events) => {
      let caughtUp = false;
      return events.until(({ kind, revision }) => {
        caughtUp ||= kind === "CAUGHT_UP";
        return caughtUp && revision === last;
      });
    };
    for (const { events } of followers) {
      expect(revisions(await allOf(events))).toEqual(revisions(changes));
    }
    const wanted = changes.filter(
      ({ namespace, key }) => namespace === "right" && (key === null || key.startsWith("key-1")),
    );
    for (const { events } of filtered) {
      expect(revisions(await allOf(events))).toEqual(revisions(wanted));
    }
    for (const { events } of [...early, ...late]) {
      const received = await allOfSnapshot(events);
      const caughtUp = received.findIndex(({ kind }) => kind === "CAUGHT_UP");
      const at = BigInt(received[caughtUp]?.revision);
      const replay = new Replay();
      for (const event of received.slice(0, caughtUp)) replay.apply(event);
      expect(sorted(replay.state)).toEqual(sorted(stateAt(changes, at)));
      expect(revisions(received.slice(caughtUp + 1))).toEqual(
        revisions(changes.filter(({ revision }) => BigInt(revision) > at)),
      );
    }
    for (const { events } of [...followers, ...filtered, ...early, ...late]) {
      await events[Symbol.asyncDispose]();
    }
  });

  test("G7: compare-and-set through any instance loses no increment", async () => {
    await set(servers[0] as Instance, { key: "counter", value: 0 });
    const increment = async (): Promise<void> => {
      const current = await get(anyOf(servers), "counter");
      const next = { key: "counter", value: current?.value + 1, ifRevision: current?.revision };
      await set(anyOf(servers), next).catch((error: { code?: string }) => {
        if (error.code !== "CONFLICT") throw error;
        return increment();
      });
    };
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let count = 0; count < 5; count++) await increment();
      }),
    );
    expect((await get(anyOf(servers), "counter"))?.value).toBe(40);
  });

  test("G6: loses none of 60 concurrent increments through any instance", async () => {
    const document = `mutation {
      incrementEntry(input: { key: "tally", path: "/done" }) { entry { value } }
    }`;
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => query(servers[index % 3] as Instance, document)),
    );
    const sums = answers.map(({ incrementEntry }) => incrementEntry.entry.value.done as number);
    expect(sums.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    for (const server of servers) {
      expect((await get(server, "tally"))?.value).toEqual({ done: 60 });
    }
  });
});

describe("without notifications between instances", () => {
  const isNotifications = (applicationName: string) => applicationName === "baton notifications";

  test("G2 G3: finds other instances' changes by polling, in order, each once", async () => {
    const own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    proxy.refuse(isNotifications);
    await using instances = await startInstances(
      2,
      (index) => (index === 0 ? { databaseUrl: proxy.url } : {}),
      own,
    );
    const [deaf, other] = instances.servers as [Instance, Instance];
    await using events = subscribe(deaf, changed('(after: "0")'));
    for (let index = 1; index <= 50; index++) {
      await set(index % 5 === 0 ? deaf : other, { key: `k${index}`, value: index });
    }
    const received = await events.take(50);
    expect(received.map(({ revision, key }) => [revision, key])).toEqual(
      received.map((_, index) => [String(index + 1), `k${index + 1}`]),
    );
    await set(other, { key: "polled", value: 1 });
    expect(await events.next()).toMatchObject({ key: "polled", revision: "51" });
    expect(proxy.applicationNames).not.toContain("baton notifications");
  });

  test("G3: a subscription survives a database outage, and new calls fail with UNAVAILABLE", async () => {
    const own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    await using instances = await startInstances(
      2,
      (index) => (index === 0 ? { databaseUrl: proxy.url } : {}),
      own,
    );
    const [cutOff, other] = instances.servers as [Instance, Instance];
    await using events = subscribe(cutOff, changed('(after: "0")'));
    await set(cutOff, { key: "before", value: 1 });
    expect(await events.next()).toMatchObject({ key: "before" });

    proxy.refuse();
    proxy.cut();
    await expect(set(cutOff, { key: "lost", value: 1 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect((await fetch(`${cutOff.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${cutOff.url}/health/live`)).status).toBe(200);
    await set(other, { key: "during", value: 1 });

    proxy.admit();
    expect(await events.next()).toMatchObject({ key: "during", revision: "2" });
    expect((await set(cutOff, { key: "after", value: 1 })).revision).toBe("3");
    expect(await events.next()).toMatchObject({ key: "after", revision: "3" });
    while (!proxy.applicationNames.includes("baton notifications")) await sleep(20);
    expect((await fetch(`${cutOff.url}/health/ready`)).status).toBe(200);
  });
});
