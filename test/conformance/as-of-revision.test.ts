import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal, Refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { clear, headRevision, remove, set, setMany, transact } from "../operations.ts";
import type { TestServer } from "../server.ts";

const entryDocument = `query ($namespace: String!, $key: String!, $at: Revision, $atLeast: Revision) {
  entry(namespace: $namespace, key: $key, at: $at, atLeast: $atLeast) { key value revision createdRevision } }`;
const entriesDocument = `query (
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $keys: [String!], $where: [ValueCondition!]
  $at: Revision, $atLeast: Revision, $first: Int, $after: String, $orderBy: EntryOrder
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, keys: $keys, where: $where
    at: $at, atLeast: $atLeast, first: $first, after: $after, orderBy: $orderBy
  ) { nodes { namespace key value revision } pageInfo { hasNextPage endCursor } }
}`;

/** The states to read, and the selections that are read of each. */
interface State {
  readonly revision: string;
  readonly entries: readonly Record<string, any>[];
}

describe.each(plainDatabases)("entries as of a revision on $name", ({ start }) => {
  let server: TestServer;
  const states: State[] = [];

  async function listed(args: Record<string, unknown>, first = 100) {
    const found: Record<string, any>[] = [];
    for (let after: string | null = null; ;) {
      const { page }: Record<string, any> = await query(server, entriesDocument, {
        ...args,
        first,
        after,
      });
      found.push(...page.nodes);
      if (!page.pageInfo.hasNextPage) return found;
      after = page.pageInfo.endCursor as string;
    }
  }
  const note = async () =>
    states.push({ revision: await headRevision(server), entries: await listed({}) });

  beforeAll(async () => {
    server = await start({ maxExaminedItems: 100 });
    const place = (key: string, namespace = "a") => ({ namespace, key });
    await note();
    const steps = [
      () => set(server, { ...place("x"), value: 1 }),
      () => set(server, { ...place("y"), value: { n: 1 } }),
      () => set(server, { ...place("x"), value: 2 }),
      () => set(server, { ...place("k", "b"), value: "other" }),
      () => remove(server, place("x")),
      () => set(server, { ...place("x"), value: 3 }),
      () => clear(server, "a"),
      () =>
        setMany(
          server,
          "a",
          ["x", "z"].map((key) => ({ key, value: key })),
        ),
      () => set(server, { ...place("k", "a:b"), value: [] }),
      () =>
        transact(server, {
          operations: [{ clear: { namespace: "a" } }, { set: { ...place("y"), value: 4 } }],
        }),
      () => remove(server, place("k", "b")),
    ];
    for (const step of steps) {
      await step();
      await note();
    }
    await setMany(
      server,
      "many",
      Array.from({ length: 150 }, (_, at) => ({ key: `k${at + 100}`, value: at })),
    );
    await note();
    await setMany(
      server,
      "many",
      Array.from({ length: 75 }, (_, at) => ({ key: `k${2 * at + 100}`, value: "new" })),
    );
    await note();
  });
  afterAll(() => server.close());

  test("returns the state of each revision, in pages of any size", async () => {
    for (const { revision, entries } of states) {
      expect(await listed({ at: revision })).toEqual(entries);
      for (const first of entries.length < 10 ? [1] : [70]) {
        expect(await listed({ at: revision }, first)).toEqual(entries);
      }
    }
  });

  test("returns each entry, and each part of a state, as of a revision", async () => {
    for (const { revision, entries } of states) {
      for (const [namespace, key] of [
        ["a", "x"],
        ["b", "k"],
        ["nowhere", "k"],
      ]) {
        const { entry } = await query(server, entryDocument, { namespace, key, at: revision });
        const then = entries.find((one) => one.namespace === namespace && one.key === key);
        expect(entry && { value: entry.value, revision: entry.revision }).toEqual(
          then ? { value: then.value, revision: then.revision } : null,
        );
      }
      const part = (filter: (entry: Record<string, any>) => boolean) => entries.filter(filter);
      expect(await listed({ at: revision, namespace: "a" })).toEqual(
        part((one) => one.namespace === "a"),
      );
      expect(await listed({ at: revision, namespacePrefix: "a" })).toEqual(
        part((one) => one.namespace.startsWith("a")),
      );
      expect(await listed({ at: revision, keyPrefix: "k1" })).toEqual(
        part((one) => one.key.startsWith("k1")),
      );
      expect(await listed({ at: revision, keys: ["y", "x", "y"] }, 1)).toEqual(
        part((one) => ["x", "y"].includes(one.key)),
      );
      const where = [{ op: "EQ", value: "new" }];
      expect(await listed({ at: revision, where }, 50)).toEqual(part((one) => one.value === "new"));
    }
  });

  test("G1: shows a token limited to namespaces only the permitted part of a past state, for any cursor", async () => {
    const { secret: token } = await server.createToken({ namespacePatterns: ["b"] });
    const { revision } = states.at(-3) as State;
    const after = Buffer.from(JSON.stringify(["a", ""])).toString("base64url");
    const at = states[5]?.revision;
    for (const cursor of [null, after]) {
      const { page } = await query(server, entriesDocument, { at, after: cursor }, { token });
      expect(page.nodes.map(({ namespace }: any) => namespace)).toEqual(["b"]);
    }
    const other = refusal(
      query(server, entryDocument, { namespace: "a", key: "x", at: revision }, { token }),
    );
    expect((await other).code).toBe("FORBIDDEN");
  });

  test("G8: shows no entry that had expired by then, or that has expired since the latest change", async () => {
    await set(server, { namespace: "ttl", key: "k", value: 1, ttlSeconds: 1 });
    const alive = await headRevision(server);
    const read = async (at: string) =>
      (await query(server, entryDocument, { namespace: "ttl", key: "k", at })).entry;
    expect(await read(alive)).toMatchObject({ value: 1 });
    const log = `{ changes(namespace: "ttl", after: "${alive}") { nodes { kind revision } } }`;
    let expired: Record<string, any> | undefined;
    while (!expired) [expired] = (await query(server, log)).changes.nodes;
    expect(expired.kind).toBe("EXPIRED");
    expect(await read(expired.revision)).toBeNull();
    // The log shows the past state.
    expect(await read(alive)).toMatchObject({ value: 1 });
  });

  test("refuses a revision in the future, and any order other than by key", async () => {
    const head = await headRevision(server);
    const at = String(BigInt(head) + 1n);
    for (const [document, args] of [
      [entryDocument, { namespace: "a", key: "x", at }],
      [entriesDocument, { at }],
      [entriesDocument, { at: head, orderBy: "CREATED_AT_ASC" }],
    ] as const) {
      expect((await refusal(query(server, document, args))).extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        argument: "at",
      });
    }
  });

  test("waits with atLeast for a revision, and reports if it does not arrive", async () => {
    const head = BigInt(await headRevision(server));
    const next = String(head + 1n);
    const waiting = query(server, entryDocument, { namespace: "wait", key: "k", atLeast: next });
    const listing = listed({ namespace: "wait", atLeast: next });
    await set(server, { namespace: "wait", key: "k", value: "there" });
    expect((await waiting).entry).toMatchObject({ value: "there", revision: next });
    expect(await listing).toHaveLength(1);
    const never = String(head + 1_000n);
    const late = refusal(query(server, entriesDocument, { atLeast: never }));
    expect((await late).code).toBe("UNAVAILABLE");
  });

  test("G10: after compaction, returns only states that the log still has, and reports lost ones", async () => {
    const told = { all: 0, lost: 0 };
    const { length } = states;
    for (const maxChanges of [400, 234, 232, 100]) {
      await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges }));
      for (const { revision, entries } of states.slice(0, length)) {
        for (const args of [{}, { namespace: "a" }, { namespace: "b" }]) {
          const of = "namespace" in args ? args.namespace : null;
          const answer = await listed({ ...args, at: revision }).catch((error: unknown) => error);
          told.all++;
          if (answer instanceof Refusal) {
            told.lost++;
            expect(answer.code).toBe("REVISION_COMPACTED");
            const { oldestRevision } = answer.extensions;
            expect(Number(oldestRevision)).toBeGreaterThan(Number(revision));
          } else {
            expect(answer).toEqual(
              entries.filter(({ namespace }) => of === null || namespace === of),
            );
          }
        }
      }
    }
    expect(told.lost).toBeGreaterThan(10);
    expect(told.all - told.lost).toBeGreaterThan(20);
    // The state at the latest revision is never lost.
    const head = await headRevision(server);
    expect(await listed({ at: head })).toEqual(await listed({}));
  });
});
