import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal, subscribe, type Events } from "../client.ts";
import { databases } from "../databases.ts";
import {
  append,
  clear,
  get,
  headRevision,
  increment,
  mutate,
  patch,
  remove,
  set,
  setMany,
  transact,
  waitFor,
  wholeLog,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances, startTestServer, type TestServer } from "../server.ts";
import { expire } from "../time.ts";

type Server = { readonly url: string; readonly token: string };

const changed = (args: string) =>
  `subscription { entryChanged(${args}) { kind revision namespace key agent at entry { key value } } }`;

describe.each(databases)("G8: expiry on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  /** An entry that has just expired. It is still stored unless it was already removed. */
  async function expired(key: string, value: unknown = "old", namespace = "default") {
    const { entry } = await set(
      server,
      { namespace, key, value, metadata: { old: true }, ttlSeconds: 1_000 },
      { agent: "ghost" },
    );
    await expire(own, key);
    return entry;
  }

  test("expires an entry its ttlSeconds after the write; a set without ttlSeconds removes the expiry", async () => {
    const lives = async (input: object) => {
      const { entry } = await set(server, { key: "lives", value: 1, ...input });
      expect(await get(server, "lives")).toEqual(entry);
      return entry.expiresAt && Date.parse(entry.expiresAt) - Date.parse(entry.updatedAt);
    };
    expect(await lives({ ttlSeconds: 100 })).toBe(100_000);
    expect(await lives({})).toBeNull();
    expect(await lives({ ttlSeconds: 2_147_483_647 })).toBe(2_147_483_647_000);
    expect(await lives({ ttlSeconds: 0 })).toBeNull();
    await setMany(server, "lives", [
      { key: "a", value: 1, ttlSeconds: 100 },
      { key: "b", value: 1 },
    ]);
    expect((await get(server, "a", "lives"))?.expiresAt).not.toBeNull();
    expect((await get(server, "b", "lives"))?.expiresAt).toBeNull();
  });

  test("shows an entry until its expiry, not from then on, and then delivers EXPIRED", async () => {
    await using events = subscribe(server, changed('namespace: "second", snapshot: true'));
    await events.take(1);
    const { entry } = await set(
      server,
      { namespace: "second", key: "k", value: 1, ttlSeconds: 1 },
      { agent: "setter" },
    );
    const end = Date.parse(entry.expiresAt);
    // The database's clock is this machine's. A read that returns the entry was sent before its expiry.
    for (let isThere = true; isThere;) {
      const asked = Date.now();
      isThere = (await get(server, "k", "second")) !== null;
      if (isThere) expect(asked).toBeLessThan(end);
      else expect(Date.now()).toBeGreaterThanOrEqual(end);
    }
    const [written, gone] = await events.take(2);
    expect(written).toMatchObject({ kind: "SET", agent: "setter" });
    expect(gone).toMatchObject({
      kind: "EXPIRED",
      revision: String(BigInt(written?.revision) + 1n),
      key: "k",
      agent: null,
      entry: null,
    });
    const delay = Date.parse(gone?.at) - end;
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThan(2_000);
  });

  test("no read shows an expired entry: by key, list, namespace, usage, snapshot, or wait", async () => {
    await set(server, { namespace: "g:part", key: "live", value: 1 }, { agent: "living" });
    await expired("dead 1", 1, "g:part");
    await expired("dead 2", 2, "g:gone");
    const { secret } = await server.createToken({ namespacePatterns: ["g:*"] });
    const token = { url: server.url, token: secret };
    const namespaceFields =
      'name entryCount sizeBytes agents entry(key: "dead 1") { key } entries { nodes { key } }';
    const data = await query(
      token,
      `{
        entry(namespace: "g:part", key: "dead 1") { key }
        entries { nodes { key } pageInfo { hasNextPage } }
        keys: entries(namespace: "g:part", keys: ["dead 1", "live"]) { nodes { key } }
        gone: namespace(name: "g:gone") { name }
        part: namespace(name: "g:part") { ${namespaceFields} }
        namespaces { nodes { ${namespaceFields} } }
        viewer { usage { namespaceCount entryCount sizeBytes } }
        awaitEntry(namespace: "g:part", key: "dead 1", timeoutSeconds: 0) { key }
      }`,
    );
    const nodes = [{ key: "live" }];
    const sizeBytes = "live".length + "1".length + "{}".length;
    const part = {
      name: "g:part",
      entryCount: 1,
      sizeBytes,
      agents: ["living"],
      entry: null,
      entries: { nodes },
    };
    expect(data).toEqual({
      entry: null,
      entries: { nodes, pageInfo: { hasNextPage: false } },
      keys: { nodes },
      gone: null,
      part,
      namespaces: { nodes: [part] },
      viewer: { usage: { namespaceCount: 1, entryCount: 1, sizeBytes } },
      awaitEntry: null,
    });
    await expired("dead 3", 3, "g:part");
    await using events = subscribe(token, changed("snapshot: true"));
    const shown = await events.until(({ kind }) => kind === "CAUGHT_UP");
    expect(shown.slice(0, -1).map(({ entry }) => entry)).toEqual([{ key: "live", value: 1 }]);
  });

  test.each<[string, (server: Server, key: string) => Promise<Record<string, any>>, unknown]>([
    ["a set", (server, key) => set(server, { key, value: 1 }), 1],
    ["a set if absent", (server, key) => set(server, { key, value: 1, ifRevision: "0" }), 1],
    ["an increment", (server, key) => increment(server, { key }), 1],
    ["an increment by path", (server, key) => increment(server, { key, path: "/a" }), { a: 1 }],
    ["a patch", (server, key) => patch(server, { key, patch: { b: 1 } }), { b: 1 }],
    ["an append", (server, key) => append(server, { key, value: 1 }), [1]],
    [
      "a transaction if absent",
      async (server, key) => {
        const conditions = [
          { key, revision: "0" },
          { key, exists: false },
        ];
        const operations = [{ increment: { key } }];
        return (await transact(server, { conditions, operations })).results[0];
      },
      1,
    ],
  ])("%s finds no entry, and creates another, right after EXPIRED", async (name, write, value) => {
    // A separate log, so that no other entry's expiry comes in between.
    const { secret } = await server.createToken({ userId: name });
    const user = { url: server.url, token: secret };
    await set(
      user,
      { key: name, value: { a: 5, b: 5, c: 5 }, metadata: { old: true }, ttlSeconds: 1_000 },
      { agent: "ghost" },
    );
    await expire(own, name);
    expect((await write(user, name)).entry).toMatchObject({
      value,
      metadata: {},
      expiresAt: null,
      createdRevision: "3",
      createdBy: null,
    });
    expect(
      (await wholeLog(user)).map(({ kind, agent, revision }) => [kind, agent, revision]),
    ).toEqual([
      ["SET", "ghost", "1"],
      ["EXPIRED", null, "2"],
      ["SET", null, "3"],
    ]);
  });

  test("a delete finds no entry, a condition on its revision does not hold, and EXPIRED still follows", async () => {
    const log = async (name: string) =>
      (await wholeLog(server)).filter(({ key }) => key === name).map(({ kind }) => kind);
    await expired("deleted");
    expect(await remove(server, { key: "deleted" })).toMatchObject({ deleted: false });
    expect(await log("deleted")).toEqual(["SET", "EXPIRED"]);
    const { revision } = await expired("refused");
    const { extensions } = await refusal(
      set(server, { key: "refused", value: 1, ifRevision: revision }),
    );
    expect(extensions).toMatchObject({ currentRevision: "0", currentValue: null });
    expect(await log("refused")).toEqual(["SET", "EXPIRED"]);
    const conditions = [{ key: "exists", exists: true }];
    await expired("exists");
    const failed = await refusal(transact(server, { conditions, operations: [] }));
    expect(failed.extensions).toMatchObject({ code: "CONFLICT", currentRevision: "0" });
  });

  test("clear counts only entries that have not expired, and leaves none", async () => {
    await setMany(server, "cleared", [
      { key: "live 1", value: 1 },
      { key: "live 2", value: 1, ttlSeconds: 1_000 },
    ]);
    await expired("cleared 1", 1, "cleared");
    await expired("cleared 2", 2, "cleared");
    expect((await clear(server, "cleared")).clearedCount).toBe(2);
    await set(server, { namespace: "cleared", key: "cleared 1", value: "new" });
    await expired("cleared 3", 3, "only expired");
    expect((await clear(server, "only expired")).clearedCount).toBe(0);
    const fields = "clearedCount namespaces";
    await expired("cleared 4", 4, "only:expired");
    const none = await mutate(server, "clearNamespaces", fields, { namespacePrefix: "only:" });
    expect(none).toEqual({ clearedCount: 0, namespaces: [] });
    expect((await get(server, "cleared 1", "cleared"))?.value).toBe("new");
  });

  test("a wait returns the entry that is set next", async () => {
    await expired("waited");
    const waiting = waitFor(server, { key: "waited" });
    await set(server, { key: "waited", value: "new", ttlSeconds: 100 });
    expect((await waiting)?.value).toBe("new");
  });

  test.each([-1, 2_147_483_648, 0.5, "1"])("G9: refuses %s seconds to live", async (ttlSeconds) => {
    const head = await headRevision(server);
    const input = { key: "k", value: 1, ttlSeconds: ttlSeconds as number };
    expect((await refusal(set(server, input))).extensions).toEqual({
      code: "BAD_USER_INPUT",
      argument: "input.ttlSeconds",
    });
    expect((await wholeLog(server)).slice(Number(head)).map(({ kind }) => kind)).not.toContain(
      "SET",
    );
  });
});

test("G2 G8: three instances with writers remove each expired entry once", async () => {
  const own = await createPostgres();
  await using instances = await startInstances(3, {}, own);
  const [server] = instances.servers;
  const keys = Array.from({ length: 1_200 }, (_, at) => `k${at}`);
  for (const part of [keys.slice(0, 1_000), keys.slice(1_000)]) {
    await setMany(
      server!,
      "many",
      part.map((key) => ({ key, value: 1, ttlSeconds: 1_000 })),
    );
  }
  const followers: Events[] = instances.servers.map((one) =>
    subscribe(one, changed('after: "1200"')),
  );
  await expire(own, ...keys);
  const rewritten = keys.filter((_, at) => at % 60 === 0);
  await Promise.all(
    rewritten.map((key, at) =>
      increment(instances.servers[at % 3]!, { namespace: "many", key, by: 5 }),
    ),
  );
  for (const events of followers) {
    const seen = await events.take(keys.length + rewritten.length);
    expect(seen.map(({ revision }) => revision)).toEqual(
      seen.map((_, at) => String(keys.length + at + 1)),
    );
    const gone = seen.filter(({ kind }) => kind === "EXPIRED");
    expect(gone.map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(gone.filter(({ agent }) => agent !== null)).toEqual([]);
    const set = seen.filter(({ kind }) => kind === "SET");
    expect(set.map(({ key }) => key).sort()).toEqual([...rewritten].sort());
    expect(set.filter(({ entry }) => entry.value !== 5)).toEqual([]);
    await events[Symbol.asyncDispose]();
  }
});
