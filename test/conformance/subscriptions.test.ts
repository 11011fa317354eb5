import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Refusal,
  socketClient,
  subscribe,
  subscribeBySse,
  subscribeOn,
  type Events,
} from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { allPages, clear, headRevision, remove, set, setMany, wholeLog } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

const changed = (args: string) =>
  `subscription { entryChanged${args} { kind revision namespace key agent at entry { value revision } } }`;

const transports = [
  {
    transport: "WebSocket",
    open: async (...args: Parameters<typeof subscribe>) => subscribe(...args),
  },
  { transport: "SSE", open: subscribeBySse },
];

async function refusalOf(events: Events): Promise<Refusal> {
  const error = await events.rest().catch((reason: unknown) => reason);
  if (error instanceof Refusal) return error;
  throw new Error(`Not refused: ${JSON.stringify(error)}`);
}

describe.each(plainDatabases)("subscriptions on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  describe.each(transports)("over $transport", ({ transport, open }) => {
    const namespace = `live:${transport}`;

    test("G3: delivers each later change once, in order, to a writer that subscribes after its own write", async () => {
      const { revision } = await set(server, { namespace, key: "a", value: 1 });
      await set(server, { namespace, key: "b", value: 2 }, { agent: "early" });
      await using events = await open(
        server,
        changed(`(namespace: "${namespace}", after: "${revision}")`),
      );
      const [first] = await events.take(1);
      expect(first).toMatchObject({
        kind: "SET",
        namespace,
        key: "b",
        agent: "early",
        entry: { value: 2 },
      });
      await remove(server, { namespace, key: "b" });
      await set(server, { namespace: `${namespace}:other`, key: "b", value: 0 });
      await clear(server, namespace);
      const [deleted, cleared] = await events.take(2);
      expect(deleted).toMatchObject({ kind: "DELETED", key: "b", entry: null });
      expect(cleared).toMatchObject({
        kind: "NAMESPACE_CLEARED",
        namespace,
        key: null,
        entry: null,
      });
    });

    test("G4: delivers the snapshot, then CAUGHT_UP, then later changes", async () => {
      await setMany(server, `${namespace}:snap`, [
        { key: "x", value: 1 },
        { key: "y", value: 2 },
      ]);
      await using events = await open(
        server,
        changed(`(namespace: "${namespace}:snap", snapshot: true)`),
      );
      const [x, y, caughtUp] = await events.take(3);
      expect(x).toMatchObject({ kind: "EXISTING", key: "x", entry: { value: 1 } });
      expect(y).toMatchObject({ kind: "EXISTING", key: "y", entry: { value: 2 } });
      expect(caughtUp).toEqual({
        kind: "CAUGHT_UP",
        revision: await headRevision(server),
        namespace: null,
        key: null,
        agent: null,
        at: null,
        entry: null,
      });
      const later = await set(server, { namespace: `${namespace}:snap`, key: "x", value: 3 });
      expect(await events.next()).toMatchObject({
        kind: "SET",
        key: "x",
        revision: later.revision,
      });
    });

    test.each([
      ["namespace", `(namespace: "f:1", after: "0")`, ["f:1/k1", "f:1/j1", "f:1/null"]],
      [
        "namespacePrefix",
        `(namespacePrefix: "f:", after: "0")`,
        ["f:1/k1", "f:1/j1", "f:2/k1", "f:1/null"],
      ],
      ["key", `(namespace: "f:1", key: "k1", after: "0")`, ["f:1/k1", "f:1/null"]],
      [
        "keyPrefix",
        `(namespacePrefix: "f:", keyPrefix: "k", after: "0")`,
        ["f:1/k1", "f:2/k1", "f:1/null"],
      ],
    ])(
      "the filter %s selects matching changes, and cleared namespaces",
      async (_name, args, expected) => {
        const { revision } = await set(server, { namespace: "f:1", key: "k1", value: 0 });
        await set(server, { namespace: "f:1", key: "j1", value: 0 });
        await set(server, { namespace: "f:2", key: "k1", value: 0 });
        await set(server, { namespace: "g", key: "k1", value: 0 });
        await clear(server, "f:1");
        const from = args.replace('after: "0"', `after: "${BigInt(revision) - 1n}"`);
        await using events = await open(server, changed(from));
        const seen = await events.take(expected.length);
        expect(seen.map(({ namespace: name, key }) => `${name}/${key}`)).toEqual(expected);
      },
    );

    test("refuses an invalid argument, with its code", async () => {
      const attempt = async (args: string) => {
        try {
          return await refusalOf(await open(server, changed(args)));
        } catch (error) {
          if (error instanceof Refusal) return error;
          throw error;
        }
      };
      const cases: [string, string][] = [
        ['(after: "1", snapshot: true)', "snapshot"],
        [`(after: "${BigInt(await headRevision(server)) + 1n}")`, "after"],
        ['(namespace: "a", namespacePrefix: "a")', "namespacePrefix"],
        ['(key: "a", keyPrefix: "a")', "keyPrefix"],
        ['(namespace: "")', "namespace"],
      ];
      for (const [args, argument] of cases) {
        expect((await attempt(args)).extensions).toMatchObject({
          code: "BAD_USER_INPUT",
          argument,
        });
      }
    });

    test("G3: REVISION_COMPACTED names the oldest revision kept, and snapshot starts again", async () => {
      await using compacted = await start({ retentionDays: 0, retentionChanges: 5 });
      for (let index = 1; index <= 20; index++)
        await set(compacted, { key: `k${index}`, value: index });
      // Compaction runs at the start and then every minute.
      await compacted.restart();
      await expect
        .poll(async () => (await wholeLog(compacted)).length, { timeout: 10_000 })
        .toBe(5);
      const error = await open(compacted, changed('(after: "3")')).then(
        refusalOf,
        (reason: unknown) => reason,
      );
      expect((error as Refusal).extensions).toEqual({
        code: "REVISION_COMPACTED",
        after: "3",
        oldestRevision: "16",
      });
      await using kept = await open(compacted, changed('(after: "15")'));
      expect((await kept.take(5)).map(({ revision }) => revision)).toEqual([
        "16",
        "17",
        "18",
        "19",
        "20",
      ]);
      await using again = await open(compacted, changed("(snapshot: true)"));
      expect((await again.take(21)).at(-1)).toMatchObject({ kind: "CAUGHT_UP", revision: "20" });
    });

    test("completes when the server stops; a new subscription continues after the last revision", async () => {
      await using stopped = await start();
      await set(stopped, { key: "a", value: 1 });
      const before = await open(stopped, changed('(after: "0")'));
      const [last] = await before.take(1);
      await stopped.restart();
      await expect(before.rest()).resolves.toEqual([]);
      await set(stopped, { key: "b", value: 2 });
      await using after = await open(stopped, changed(`(after: "${last?.revision}")`));
      expect(await after.next()).toMatchObject({ key: "b", revision: "2" });
    });
  });

  test("G2 G3: 16 writers, 4 subscribers: each receives every change once, in the order of the log", async () => {
    await using own = await start();
    const subscribers = [
      subscribe(own, changed('(after: "0")')),
      subscribe(own, changed('(after: "0", namespacePrefix: "w:")')),
      await subscribeBySse(own, changed('(after: "0")')),
      await subscribeBySse(own, changed("(snapshot: true)")),
    ];
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let index = 0; index < 25; index++) {
        await set(own, {
          namespace: `w:${writer % 4}`,
          key: `k${index % 5}`,
          value: [writer, index],
        });
      }
    });
    await Promise.all(writers);
    const log = (await wholeLog(own)).map(({ revision }) => revision);
    expect(log.length).toBe(400);
    for (const events of subscribers.slice(0, 3)) {
      expect((await events.take(400)).map(({ revision }) => revision)).toEqual(log);
    }
    const live = await (subscribers[3] as Events).until(({ revision }) => revision === "400");
    const caughtUp = live.findIndex(({ kind }) => kind === "CAUGHT_UP");
    const from = Number(live[caughtUp]?.revision);
    expect(live.slice(caughtUp + 1).map(({ revision }) => revision)).toEqual(log.slice(from));
    for (const events of subscribers) await events[Symbol.asyncDispose]();
  });

  test("G3: delivers what another process writes", async () => {
    await using own = await start();
    await set(own, { key: "mine", value: 0 });
    await using events = subscribe(own, changed('(after: "1")'));
    await own.besideServer(async (database, submit) => {
      await submit({ key: "theirs", value: '"elsewhere"' });
      expect((await database.readLogEnds("local")).head).toBe(2n);
    });
    expect(await events.next()).toMatchObject({ key: "theirs", revision: "2" });
    await set(own, { key: "mine", value: 1 });
    expect(await events.next()).toMatchObject({ key: "mine", revision: "3" });
  });

  test("a socket carries many operations, and one that fails does not affect the others", async () => {
    const client = socketClient(server.url, { authorization: `Bearer ${server.token}` });
    const head = await headRevision(server);
    const events = subscribeOn(client, changed(`(after: "${head}")`));
    const failing = [
      subscribeOn(client, "subscription {"),
      subscribeOn(client, "{ nothing }"),
      subscribeOn(client, "query ($key: String!) { entry(key: $key) { key } }", { key: 5 }),
      subscribeOn(client, changed('(after: "1", snapshot: true)')),
      subscribeOn(client, `mutation { setEntry(input: { key: "", value: 1 }) { revision } }`),
      subscribeOn(
        client,
        `mutation { setEntry(input: { key: "a", value: 1, ifRevision: "999" }) { revision } }`,
      ),
      subscribeOn(client, `{ ${"[".repeat(60_000)} }`),
      subscribeOn(client, `{ entry(key: "${"x".repeat(70_000)}") { key } }`),
    ];
    const codes = await Promise.all(
      failing.map(async (operation) => (await refusalOf(operation)).code),
    );
    expect(codes).toEqual([
      ...Array(5).fill("BAD_USER_INPUT"),
      "CONFLICT",
      "BAD_USER_INPUT",
      "LIMIT_EXCEEDED",
    ]);
    const mutation = subscribeOn(
      client,
      `mutation { setEntry(input: { key: "alive", value: 1 }) { revision } }`,
    );
    expect(await mutation.next()).toEqual({ revision: String(BigInt(head) + 1n) });
    expect(await events.next()).toMatchObject({ key: "alive" });
    await client.dispose();
  });

  test("G9: a socket has at most 100 open operations, and refuses the next one with a reason", async () => {
    const client = socketClient(server.url, { token: server.token });
    const events = Array.from({ length: 100 }, () => subscribeOn(client, changed("")));
    const { extensions } = await refusalOf(subscribeOn(client, changed("")));
    expect(extensions).toEqual({ code: "LIMIT_EXCEEDED", limit: "maxSubscriptions", max: 100 });
    await events[0]?.[Symbol.asyncDispose]();
    const { revision } = await set(server, { key: "hundred", value: 1 });
    await using again = subscribeOn(client, changed(`(after: "${BigInt(revision) - 1n}")`));
    expect(await again.next()).toMatchObject({ key: "hundred" });
    await client.dispose();
  });
});

// On one database: the waiting changes are in the feed, which is the same for each.
test("G9: a stalled subscriber delays no other, and misses nothing when it reads again", async () => {
  await using own = await startTestServer();
  const stalled = await stallingSse(own, changed('(after: "0")'));
  await using lively = subscribe(own, changed('(after: "0")'));
  // More than the sockets, and the queue of a subscriber, hold.
  const value = "x".repeat(300_000);
  for (let index = 0; index < 50; index++) {
    await setMany(own, "large", [{ key: `k${index}`, value }]);
  }
  expect((await lively.take(50)).length).toBe(50);
  for (let index = 0; index < 20; index++) {
    await setMany(
      own,
      "small",
      Array.from({ length: 100 }, (_, at) => ({ key: `k${at}`, value: index })),
    );
  }
  const { items: log } = await allPages(own, "changes", "", "revision", 500);
  expect(await stalled.readUntil(2_050)).toEqual(log.map(({ revision }) => Number(revision)));
});

/** Subscribes over a socket that does not read until the test starts it. */
async function stallingSse(server: TestServer, document: string) {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const body = JSON.stringify({ query: document });
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${server.token}\r\n` +
      `Content-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, "readable");
  return {
    /** The revisions of all events up to this one. */
    async readUntil(last: number): Promise<number[]> {
      const chunks: string[] = [];
      for await (const chunk of socket) {
        chunks.push(String(chunk));
        if (chunks.slice(-2).join("").includes(`"revision":"${last}"`)) break;
      }
      const text = chunks.join("");
      return [...text.matchAll(/"kind":"SET","revision":"(\d+)"/g)].map(([, revision]) =>
        Number(revision),
      );
    },
  };
}
