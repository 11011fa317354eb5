import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal } from "../client.ts";
import { databases, plainDatabases } from "../databases.ts";
import { clear, headRevision, remove, set, setMany } from "../operations.ts";
import type { TestServer } from "../server.ts";

const changesDocument = `query (
  $namespace: String, $namespacePrefix: String, $key: String, $keyPrefix: String, $first: Int, $after: Revision, $orderBy: ChangeOrder
) {
  page: changes(
    namespace: $namespace, namespacePrefix: $namespacePrefix, key: $key, keyPrefix: $keyPrefix
    first: $first, after: $after, orderBy: $orderBy
  ) { nodes { revision kind namespace key entry { value } } edges { cursor } pageInfo { hasNextPage endCursor } }
}`;

const entriesDocument = `query (
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $keys: [String!], $first: Int, $after: String, $orderBy: EntryOrder
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, keys: $keys
    first: $first, after: $after, orderBy: $orderBy
  ) { nodes { namespace key value createdRevision } edges { cursor } pageInfo { hasNextPage endCursor } }
}`;

async function pageOf(
  server: TestServer,
  document: string,
  variables: Record<string, unknown>,
): Promise<Record<string, any>> {
  return (await query(server, document, variables)).page;
}

/** A whole list, page by page. */
async function pagesOf(server: TestServer, document: string, variables: Record<string, unknown>) {
  const pages: Record<string, any>[] = [];
  for (let after: string | null = null; ;) {
    const next = await pageOf(server, document, { ...variables, after });
    pages.push(next);
    if (!next.pageInfo.hasNextPage) return pages;
    after = next.pageInfo.endCursor as string;
  }
}

describe.each(databases)("changes with the newest first on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    for (let value = 1; value <= 5; value++) {
      await set(server, { namespace: "a", key: `task:${value % 2}`, value });
      await set(server, { namespace: "b", key: "k", value: "x".repeat(100) });
    }
    await remove(server, { namespace: "a", key: "task:0" });
    await clear(server, "a");
    await set(server, { namespace: "a", key: "task:1", value: "again" });
  });
  afterAll(() => server.close());

  const page = (variables: Record<string, unknown>) => pageOf(server, changesDocument, variables);
  const listed = (variables: Record<string, unknown>, first: number) =>
    pagesOf(server, changesDocument, { ...variables, first });

  test.each([
    {},
    { namespace: "a" },
    { namespacePrefix: "b" },
    { keyPrefix: "task:" },
    { namespace: "a", key: "task:1" },
    { namespace: "a", key: "task:0" },
    { namespace: "nowhere" },
  ])("lists the same changes in reverse order, in pages of any size: %j", async (selection) => {
    const oldestFirst = (await page(selection)).nodes;
    const [whole] = await listed({ ...selection, orderBy: "REVISION_DESC" }, 100);
    expect(whole?.nodes).toEqual(oldestFirst.toReversed());
    for (const first of [1, 2, 3]) {
      for (const orderBy of ["REVISION_ASC", "REVISION_DESC"]) {
        const pages = await listed({ ...selection, orderBy }, first);
        const expected = orderBy === "REVISION_ASC" ? oldestFirst : oldestFirst.toReversed();
        expect(pages.flatMap(({ nodes }) => nodes)).toEqual(expected);
        // Each page but the last is full, and the last is not empty.
        expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / first)));
        for (const { nodes, edges } of pages) {
          expect(edges.map(({ cursor }: any) => cursor)).toEqual(
            nodes.map(({ revision }: any) => revision),
          );
        }
      }
    }
  });

  test("an entry's history has both orders, too", async () => {
    const document = `query ($orderBy: ChangeOrder, $after: Revision) {
      entry(namespace: "a", key: "task:1") {
        history(orderBy: $orderBy, after: $after, first: 2) { nodes { revision kind } pageInfo { hasNextPage endCursor } }
      }
    }`;
    const head = await headRevision(server);
    const { history } = (await query(server, document, { orderBy: "REVISION_DESC" })).entry;
    const cleared = String(BigInt(head) - 1n);
    expect(history.nodes).toEqual([
      { revision: head, kind: "SET" },
      { revision: cleared, kind: "NAMESPACE_CLEARED" },
    ]);
    expect(history.pageInfo).toEqual({ hasNextPage: true, endCursor: cleared });
    const rest = (await query(server, document, { orderBy: "REVISION_DESC", after: cleared }))
      .entry;
    expect(rest.history.nodes.map(({ revision }: any) => revision)).toEqual(["9", "5"]);
    expect((await query(server, document)).entry.history.nodes[0]).toEqual({
      revision: "1",
      kind: "SET",
    });
  });

  test("refuses a revision that is not of this store in both orders", async () => {
    for (const orderBy of ["REVISION_ASC", "REVISION_DESC"]) {
      const refused = await refusal(page({ orderBy, after: "9000000000000000000" }));
      expect(refused).toMatchObject({ code: "BAD_USER_INPUT", extensions: { argument: "after" } });
    }
    expect((await page({ orderBy: "REVISION_DESC", after: "1" })).nodes).toEqual([]);
    expect((await page({ orderBy: "REVISION_DESC", after: "0" })).nodes).toEqual([]);
  });
});

describe.each(databases)("entries by creation on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    for (const [namespace, key] of [
      ["b", "z"],
      ["a", "task:2"],
      ["a", "gone"],
      ["a", "task:1"],
      ["b", "a"],
      ["c", "cleared"],
      ["a", "meta"],
    ] as const) {
      await set(server, { namespace, key, value: key });
    }
    await remove(server, { namespace: "a", key: "gone" });
    await clear(server, "c");
    // An entry that is written again keeps its position. One that is created again gets another.
    await set(server, { namespace: "a", key: "task:2", value: "again" });
    await set(server, { namespace: "a", key: "gone", value: "back" });
  });
  afterAll(() => server.close());

  const page = (variables: Record<string, unknown>) => pageOf(server, entriesDocument, variables);
  const listed = (variables: Record<string, unknown>, first: number) =>
    pagesOf(server, entriesDocument, { ...variables, first });
  const places = (nodes: readonly any[]) =>
    nodes.map(({ namespace, key }) => `${namespace} ${key}`);

  test.each([
    {},
    { namespace: "a" },
    { namespacePrefix: "b" },
    { keyPrefix: "task:" },
    { namespace: "a", keyPrefix: "task:" },
    { keys: ["a", "meta"] },
    { namespace: "a", keys: ["gone", "nowhere", "task:1"] },
    { keys: [] },
    { namespace: "nowhere" },
  ])("lists the same entries as by key, sorted, in pages of any size: %j", async (selection) => {
    const { nodes } = await page(selection);
    const sorted = nodes.toSorted((one: any, other: any) =>
      Number(BigInt(one.createdRevision) - BigInt(other.createdRevision)),
    );
    for (const orderBy of ["CREATED_AT_ASC", "CREATED_AT_DESC"]) {
      const expected = orderBy === "CREATED_AT_ASC" ? sorted : sorted.toReversed();
      for (const first of [1, 2, 100]) {
        const pages = await listed({ ...selection, orderBy }, first);
        expect(pages.flatMap((one) => one.nodes)).toEqual(expected);
        expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / first)));
        for (const { edges, pageInfo } of pages) {
          expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
        }
      }
    }
  });

  test("lists the newest first, in any namespace and regardless of later writes", async () => {
    const { nodes } = await page({ orderBy: "CREATED_AT_DESC" });
    expect(places(nodes)).toEqual(["a gone", "a meta", "b a", "a task:1", "a task:2", "b z"]);
    const { namespace } = await query(
      server,
      `{ namespace(name: "a") { entries(orderBy: CREATED_AT_DESC, first: 2) { nodes { key } } } }`,
    );
    expect(namespace.entries.nodes.map(({ key }: any) => key)).toEqual(["gone", "meta"]);
  });

  test("refuses a cursor of another order", async () => {
    const byKey = (await page({ first: 1 })).pageInfo.endCursor;
    const byCreation = (await page({ first: 1, orderBy: "CREATED_AT_DESC" })).pageInfo.endCursor;
    for (const variables of [
      { orderBy: "CREATED_AT_DESC", after: byKey },
      { orderBy: "KEY_ASC", after: byCreation },
      { orderBy: "CREATED_AT_ASC", after: Buffer.from('["x"]').toString("base64url") },
    ]) {
      expect(await refusal(page(variables))).toMatchObject({
        code: "BAD_USER_INPUT",
        extensions: { argument: "after" },
      });
    }
  });

  test("G1: shows a token limited to namespaces only the permitted entries", async () => {
    const { secret } = await server.createToken({ namespacePatterns: ["b"] });
    const variables = { orderBy: "CREATED_AT_DESC" };
    const limited = await query(server, entriesDocument, variables, { token: secret });
    expect(places(limited.page.nodes)).toEqual(["b a", "b z"]);
  });
});

describe.each(plainDatabases)("lists in which matches are rare on $name", ({ start }) => {
  let server: TestServer;
  const rare: string[] = [];
  beforeAll(async () => {
    server = await start({ maxPageBytes: 4_000_000, retentionDays: 0, retentionChanges: 20_000 });
    const setRare = async () => {
      const value = rare.length;
      rare.push((await set(server, { namespace: "rare", key: `k${value}`, value })).revision);
    };
    await setRare();
    // More than one statement examines, from either end.
    for (let batch = 0; batch < 12; batch++) {
      const entries = Array.from({ length: 1_000 }, (_, index) => ({ key: `k${index}`, value: 0 }));
      await setMany(server, `much-${batch}`, entries);
      if (batch % 6 === 5) await setRare();
    }
  });
  afterAll(() => server.close());

  test("a page of changes is full or has reached the end", async () => {
    const page = (variables: Record<string, unknown>) => pageOf(server, changesDocument, variables);
    for (const orderBy of ["REVISION_ASC", "REVISION_DESC"]) {
      const expected = orderBy === "REVISION_ASC" ? rare : rare.toReversed();
      const revisions = ({ nodes }: Record<string, any>) => nodes.map((node: any) => node.revision);
      for (const first of [3, 20]) {
        const whole = await page({ namespace: "rare", orderBy, first });
        expect(revisions(whole)).toEqual(expected);
        expect(whole.pageInfo.hasNextPage).toBe(false);
      }
      const begin = await page({ namespace: "rare", orderBy, first: 2 });
      expect([revisions(begin), begin.pageInfo.hasNextPage]).toEqual([expected.slice(0, 2), true]);
    }
  });

  test("a page of entries is full or has reached the end; large entries end it early", async () => {
    const page = (variables: Record<string, unknown>) => pageOf(server, entriesDocument, variables);
    for (const [orderBy, keys] of [
      ["CREATED_AT_ASC", ["k0", "k1", "k2"]],
      ["CREATED_AT_DESC", ["k2", "k1", "k0"]],
    ] as const) {
      const whole = await page({ namespace: "rare", orderBy, first: 3 });
      expect(whole.nodes.map(({ key }: any) => key)).toEqual(keys);
      expect(whole.pageInfo.hasNextPage).toBe(false);
      const begin = await page({ namespace: "rare", orderBy, first: 2 });
      expect(begin.nodes.map(({ key }: any) => key)).toEqual(keys.slice(0, 2));
      expect(begin.pageInfo.hasNextPage).toBe(true);
    }
    for (let index = 0; index < 6; index++) {
      await set(server, { namespace: "large", key: `k${index}`, value: "x".repeat(1_000_000) });
    }
    const pages = await pagesOf(server, entriesDocument, {
      namespace: "large",
      orderBy: "CREATED_AT_DESC",
      first: 100,
    });
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flatMap(({ nodes }) => nodes.map(({ key }: any) => key))).toEqual([
      "k5",
      "k4",
      "k3",
      "k2",
      "k1",
      "k0",
    ]);
  });

  // The last test, because it cuts the log.
  test("a list with the newest first ends where the log was cut, and a page after the cut is empty", async () => {
    const page = (variables: Record<string, unknown>) => pageOf(server, changesDocument, variables);
    const head = BigInt(await headRevision(server));
    await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 10_000 }));
    const kept = await page({ namespace: "rare", orderBy: "REVISION_DESC" });
    const expected = rare.filter((revision) => BigInt(revision) > head - 10_000n).toReversed();
    expect(expected).toHaveLength(2);
    expect(kept.nodes.map(({ revision }: any) => revision)).toEqual(expected);
    const gone = await page({ orderBy: "REVISION_DESC", after: rare[0] });
    expect([gone.nodes, gone.pageInfo.hasNextPage]).toEqual([[], false]);
    expect((await refusal(page({ after: rare[0] }))).code).toBe("REVISION_COMPACTED");
  });
});
