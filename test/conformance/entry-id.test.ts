import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, subscribe, subscribeBySse } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { clear, mutate, remove, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

describe.each(plainDatabases)("Entry.id on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const idOf = async (namespace: string, key: string, from = server) =>
    (
      await query(
        from,
        "query ($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { id } }",
        { namespace, key },
      )
    ).entry?.id as string;

  test("is a short word that depends only on namespace and key", async () => {
    const places = [
      ["a", "b:c"],
      ["a:b", "c"],
      ["ab", "c"],
      ["a", "bc"],
      ["größe", "k"],
      ["n".repeat(256), "k".repeat(1_024)],
    ] as const;
    const ids: string[] = [];
    for (const [namespace, key] of places) {
      await set(server, { namespace, key, value: 1 });
      ids.push(await idOf(namespace, key));
    }
    expect(new Set(ids).size).toBe(places.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
    await set(server, { namespace: "a", key: "bc", value: 2 });
    expect(await idOf("a", "bc")).toBe(ids[3]);
    await remove(server, { namespace: "a", key: "bc" });
    await set(server, { namespace: "a", key: "bc", value: 3 });
    await server.restart();
    expect(await idOf("a", "bc")).toBe(ids[3]);
    // Another store, and so another copy of this one, has the same id.
    await using other = await startTestServer();
    await set(other, { namespace: "a", key: "bc", value: 1 });
    expect(await idOf("a", "bc", other)).toBe(ids[3]);
  });

  test("is on entries of every list, payload and event, live and from the log", async () => {
    const document = `subscription ($after: Revision, $snapshot: Boolean) {
      entryChanged(namespace: "events", after: $after, snapshot: $snapshot) { kind entryId entry { id } }
    }`;
    const payload = await mutate(server, "setEntry", "revision entry { id }", {
      namespace: "events",
      key: "k",
      value: "text to find",
    });
    const id = await idOf("events", "k");
    expect(payload.entry).toEqual({ id });
    const after = String(BigInt(payload.revision) - 1n);
    await using socket = subscribe(server, document, { after });
    await using stream = await subscribeBySse(server, document, { snapshot: true });
    const found = { entryId: id, entry: { id } };
    expect(await socket.next()).toEqual({ kind: "SET", ...found });
    expect(await stream.take(2)).toEqual([
      { kind: "EXISTING", ...found },
      { kind: "CAUGHT_UP", entryId: null, entry: null },
    ]);
    await set(server, { namespace: "events", key: "k", value: 2 });
    await remove(server, { namespace: "events", key: "k" });
    await set(server, { namespace: "events", key: "k", value: 3 });
    await clear(server, "events");
    const later = [
      { kind: "SET", ...found },
      { kind: "DELETED", entryId: id, entry: null },
      { kind: "SET", ...found },
      { kind: "NAMESPACE_CLEARED", entryId: null, entry: null },
    ];
    expect(await socket.take(4)).toEqual(later);
    expect(await stream.take(4)).toEqual(later);
    await set(server, { namespace: "events", key: "k", value: 1 });
    const lists = await query(
      server,
      `{ entries(namespace: "events") { nodes { id } edges { node { id } } }
         namespace(name: "events") { entry(key: "k") { id } entries { nodes { id } } }
         changes(namespace: "events", key: "k") { nodes { kind entryId entry { id } } } }`,
    );
    expect(lists).toMatchObject({
      entries: { nodes: [{ id }], edges: [{ node: { id } }] },
      namespace: { entry: { id }, entries: { nodes: [{ id }] } },
    });
    expect(lists.changes.nodes.filter(({ kind }: any) => kind !== "NAMESPACE_CLEARED")).toEqual([
      { kind: "SET", ...found },
      { kind: "SET", ...found },
      { kind: "DELETED", entryId: id, entry: null },
      { kind: "SET", ...found },
      { kind: "SET", ...found },
    ]);
  });
});
