import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedWork, expectLost, newWork } from "../claimed-work.ts";
import { query, refusal, subscribe } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { claim, complete, fail, mutate, release, renew, set } from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances, startTestServer, type Instance, type TestServer } from "../server.ts";
import { endLease } from "../time.ts";

type Server = { readonly url: string; readonly token: string };

const countsFields = "free taken delayed completed deadLettered";
const claimFields = "namespace key agent expiresAt attempt maxAttempts";
const none = { free: 0, taken: 0, delayed: 0, completed: 0, deadLettered: 0 };

async function counts(server: Server, selected: object, options = {}) {
  const document = `query ($namespace: String, $namespacePrefix: String, $keyPrefix: String) {
    claimCounts(namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix) { ${countsFields} }
  }`;
  return (await query(server, document, { ...selected }, options)).claimCounts;
}

async function claims(server: Server, selected: object, options = {}) {
  const document = `query ($namespace: String, $namespacePrefix: String, $keyPrefix: String, $first: Int, $after: String) {
    claims(namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, first: $first, after: $after) {
      nodes { ${claimFields} } pageInfo { hasNextPage endCursor }
    }
  }`;
  return (await query(server, document, { ...selected }, options)).claims;
}

async function keysOf(server: Server, selected: object, options = {}) {
  const document = `query ($namespacePrefix: String, $keyPrefix: String, $keys: [String!], $first: Int) {
    entries(namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, keys: $keys, first: $first) {
      nodes { key } pageInfo { hasNextPage }
    }
  }`;
  const { nodes, pageInfo } = (await query(server, document, { ...selected }, options)).entries;
  return { count: nodes.length, hasMore: pageInfo.hasNextPage };
}

/** The whole list, in pages of two. */
async function claimedNamespaces(server: Server, namespacePrefix: string, options = {}) {
  const found: { name: string; claimCounts: Record<string, number> }[] = [];
  const document = `query ($namespacePrefix: String, $after: String) {
    claimedNamespaces(namespacePrefix: $namespacePrefix, first: 2, after: $after) {
      nodes { name claimCounts { ${countsFields} } } pageInfo { hasNextPage endCursor }
    }
  }`;
  for (let after: string | null = null; ;) {
    const page: Record<string, any> = (
      await query(server, document, { namespacePrefix, after }, options)
    )["claimedNamespaces"];
    found.push(...page.nodes);
    if (!page["pageInfo"].hasNextPage) return found;
    after = page["pageInfo"].endCursor;
  }
}

function watch(server: Server, namespace: string, token = server.token) {
  return subscribe(
    server,
    `subscription ($namespace: String) { claimsChanged(namespace: $namespace) { ${countsFields} } }`,
    { namespace },
    token,
  );
}

describe.each(plainDatabases)("claims seen by observers on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  test("shows the claim that holds an entry, without its token, until it ends", async () => {
    const { namespace } = await newWork(server, "a", "b");
    const taken = await claim(server, { namespace, maxAttempts: 3 }, { agent: "worker-1" });
    const read = async () =>
      (
        await query(
          server,
          `query ($namespace: String) { entries(namespace: $namespace) { nodes { key claim { ${claimFields} } } } }`,
          { namespace },
        )
      ).entries.nodes;
    const { key } = taken.entry;
    expect(await read()).toEqual([
      {
        key,
        claim: {
          namespace,
          key,
          agent: "worker-1",
          expiresAt: taken.claim.expiresAt,
          attempt: 1,
          maxAttempts: 3,
        },
      },
      { key: expect.any(String), claim: null },
    ]);
    // A write does not end a claim.
    await set(server, { namespace, key, value: "while it is held" });
    expect((await read())[0].claim.agent).toBe("worker-1");
    await release(server, { namespace, key, token: taken.claim.token });
    expect((await read()).map((entry: any) => entry.claim)).toEqual([null, null]);
  });

  test("shows the claim in a mutation and a subscription, too", async () => {
    const { place, held } = await claimedWork(server);
    await using changes = subscribe(
      server,
      `subscription ($namespace: String) { entryChanged(namespace: $namespace, snapshot: true) { kind entry { claim { attempt } } } }`,
      { namespace: place.namespace },
    );
    expect(await changes.next()).toEqual({ kind: "EXISTING", entry: { claim: { attempt: 1 } } });
    const written = await mutate(server, "setEntry", "entry { claim { attempt } }", {
      ...place,
      value: 1,
    });
    expect(written.entry.claim).toEqual({ attempt: 1 });
    await complete(server, { ...held, value: "done" });
    await changes.until(({ kind, entry }) => kind === "SET" && entry.claim === null);
  });

  test("counts each entry once, by what the next claim would do with it", async () => {
    const { namespace } = await newWork(server, "a", "b", "c", "d", "e", "f");
    expect(await counts(server, { namespace })).toEqual({ ...none, free: 6 });
    const take = () => claim(server, { namespace });
    const held = ({ entry, claim: { token } }: any) => ({ namespace, key: entry.key, token });
    const [first, second, third, fourth] = [await take(), await take(), await take(), await take()];
    await complete(server, held(first));
    await fail(server, { ...held(second), delaySeconds: 60 });
    await fail(server, { ...held(third), retry: false });
    expect(await counts(server, { namespace })).toEqual({
      free: 2,
      taken: 1,
      delayed: 1,
      completed: 1,
      deadLettered: 1,
    });
    expect(await counts(server, { namespace, keyPrefix: "d" })).toEqual({ ...none, taken: 1 });
    expect(await counts(server, { namespacePrefix: namespace, keyPrefix: "z" })).toEqual(none);
    // An ended lease is not counted, even though no write has recorded its end.
    await endLease(own, fourth.entry.key);
    expect(await counts(server, { namespace })).toMatchObject({ free: 3, taken: 0 });
    expect((await claims(server, { namespace })).nodes).toEqual([]);
  });

  test("lists the claims that hold entries, page by page", async () => {
    const { namespace, keys } = await newWork(server, "a", "b", "c", "d");
    for (let times = 0; times < 3; times++) {
      await claim(server, { namespace }, { agent: `worker-${times}` });
    }
    const first = await claims(server, { namespace, first: 2 });
    expect(first.nodes.map(({ key, agent }: any) => [key, agent])).toEqual([
      [keys[0], "worker-0"],
      [keys[1], "worker-1"],
    ]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const rest = await claims(server, { namespace, first: 2, after: first.pageInfo.endCursor });
    expect(rest.nodes).toMatchObject([{ key: keys[2], agent: "worker-2" }]);
    expect(rest.pageInfo.hasNextPage).toBe(false);
  });

  test("G1: counts and lists only entries that the token covers", async () => {
    const { namespace } = await newWork(server, "a");
    await claim(server, { namespace });
    const options = {
      token: (await server.createToken({ namespacePatterns: ["other:*"] })).secret,
    };
    expect(await counts(server, {}, options)).toEqual(none);
    expect((await claims(server, {}, options)).nodes).toEqual([]);
    for (const call of [counts, claims]) {
      expect(await refusal(call(server, { namespace }, options))).toMatchObject({
        code: "FORBIDDEN",
      });
    }
    const writer = { token: (await server.createToken({ scopes: ["write"] })).secret };
    expect(await refusal(counts(server, {}, writer))).toMatchObject({ code: "FORBIDDEN" });
    await using refused = watch(server, namespace, options.token);
    expect(await refusal(refused.next())).toMatchObject({ code: "FORBIDDEN" });
  });

  test("notifies a subscriber of each step of the work", async () => {
    const { namespace, keys } = await newWork(server, "a", "b");
    await using events = watch(server, namespace);
    expect(await events.next()).toEqual({ ...none, free: 2 });
    const taken = await claim(server, { namespace });
    expect(await events.next()).toEqual({ ...none, free: 1, taken: 1 });
    const held = { namespace, key: taken.entry.key, token: taken.claim.token };
    // A renewal changes no count, but is delivered too, because the lease ends later.
    await renew(server, held);
    expect(await events.next()).toEqual({ ...none, free: 1, taken: 1 });
    await complete(server, held);
    expect(await events.next()).toEqual({ ...none, free: 1, completed: 1 });
    // The end of a lease is not a write.
    await claim(server, { namespace, leaseSeconds: 1 });
    expect(await events.next()).toEqual({ ...none, taken: 1, completed: 1 });
    expect(await events.next()).toEqual({ ...none, free: 1, completed: 1 });
    expect(keys).toHaveLength(2);
  });

  test("revokes a stuck claim: its entry is free, and its token is refused", async () => {
    const { place, held } = await claimedWork(server);
    const revoke = (input: object, options = {}) =>
      mutate(server, "revokeClaim", "revoked", { ...place, ...input }, options);
    expect(await revoke({ ifAttempt: 2 })).toEqual({ revoked: false });
    const reader = { token: (await server.createToken({ scopes: ["read"] })).secret };
    expect(await refusal(revoke({}, reader))).toMatchObject({ code: "FORBIDDEN" });
    expect(await revoke({ ifAttempt: 1 })).toEqual({ revoked: true });
    await expectLost(server, held);
    expect(await revoke({})).toEqual({ revoked: false });
    const again = await claim(server, { namespace: place.namespace, maxAttempts: 2 });
    expect(again.claim.attempt).toBe(2);
    // The last allowed attempt.
    expect(await revoke({})).toEqual({ revoked: true });
    expect(await counts(server, { namespace: place.namespace })).toEqual({
      ...none,
      deadLettered: 1,
    });
  });

  test("counts and lists more entries than one statement reads", async () => {
    const namespace = "work:many";
    for (let batch = 0; batch < 5; batch++) {
      const entries = Array.from({ length: 500 }, (_, at) => ({
        key: `task:${batch}:${String(at).padStart(3, "0")}`,
        value: 0,
      }));
      await mutate(server, "setEntries", "revision", { namespace, entries });
    }
    await claim(server, { namespace, keyPrefix: "task:0" });
    await claim(server, { namespace, keyPrefix: "task:4" });
    expect(await counts(server, { namespace })).toEqual({ ...none, free: 2_498, taken: 2 });
    const { nodes, pageInfo } = await claims(server, { namespace, first: 2 });
    expect(nodes.map(({ key }: any) => key)).toEqual(["task:0:000", "task:4:000"]);
    expect(pageInfo.hasNextPage).toBe(false);

    expect(await claimedNamespaces(server, "work:m")).toEqual([
      { name: namespace, claimCounts: { ...none, free: 2_498, taken: 2 } },
    ]);

    // The entries that match are few, and the last ones.
    const few = { namespacePrefix: "work:m", keyPrefix: "task:4" };
    expect(await counts(server, few)).toEqual({ ...none, free: 499, taken: 1 });
    expect((await claims(server, few)).nodes.map(({ key }: any) => key)).toEqual(["task:4:000"]);
    expect(await keysOf(server, { ...few, first: 300 })).toEqual({ count: 300, hasMore: true });
    expect(await keysOf(server, { ...few, first: 500 })).toEqual({ count: 500, hasMore: false });
    const wanted = { namespacePrefix: "work:m", keys: ["task:4:499", "task:0:000", "none"] };
    expect(await keysOf(server, { ...wanted, first: 1 })).toEqual({ count: 1, hasMore: true });
    expect(await keysOf(server, { ...wanted, first: 2 })).toEqual({ count: 2, hasMore: false });
    await using events = subscribe(
      server,
      `subscription { entryChanged(namespacePrefix: "work:m", keyPrefix: "task:4", snapshot: true) { kind } }`,
    );
    const kinds = (await events.take(501)).map(({ kind }) => kind);
    expect(kinds.indexOf("CAUGHT_UP")).toBe(500);

    await set(server, { namespace: "zz", key: "task:4:zz", value: 0 });
    const patterns = [
      [["work:m*", "work:n*", "zz*"], 2_501],
      [["work:l*", "zz*"], 1],
      [["work:l", "work:many", "zz"], 2_501],
      [["work:a", "work:m*", "work:z", "zz"], 2_501],
    ] as const;
    for (const [namespacePatterns, all] of patterns) {
      const token = (await server.createToken({ namespacePatterns })).secret;
      const { free, taken } = await counts(server, {}, { token });
      expect(free + taken).toBe(all);
      const found = all === 1 ? 1 : 500;
      expect(await keysOf(server, { keyPrefix: "task:4", first: 500 }, { token })).toEqual({
        count: found,
        hasMore: all > 1,
      });
    }
  });

  test.each([
    "claims { nodes { key } }",
    "claimedNamespaces { nodes { name } }",
    "claimCounts { free }",
  ])("G14: %s has the cost of a list that examines every entry", async (field) => {
    const fields = Array.from({ length: 30 }, (_, index) => `a${index}: ${field}`);
    const refused = await refusal(query(server, `{ ${fields.join(" ")} }`));
    expect(refused.extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxQueryComplexity",
    });
  });

  test("lists the namespaces that agents claim from, page by page", async () => {
    const all: string[] = [];
    for (let made = 0; made < 5; made++) {
      const { namespace } = await newWork(server, "a", "b");
      if (made !== 2) all.push(namespace);
      if (made === 0) await complete(server, await heldIn(namespace));
      else if (made !== 2) await claim(server, { namespace });
    }
    all.sort();
    const mine = (await claimedNamespaces(server, "work:")).filter(({ name }) =>
      all.includes(name),
    );
    expect(mine.map(({ name }) => name)).toEqual(all);
    expect(
      mine.map(({ claimCounts }) => claimCounts).filter(({ completed = 0 }) => completed > 0),
    ).toEqual([{ ...none, free: 1, completed: 1 }]);
    const token = (await server.createToken({ namespacePatterns: [all[1] as string] })).secret;
    expect((await claimedNamespaces(server, "", { token })).map(({ name }) => name)).toEqual([
      all[1],
    ]);
  });

  test("a forged cursor lists what sorts after it, regardless of its length", async () => {
    const { namespace } = await newWork(server, "a");
    await claim(server, { namespace });
    const document =
      "query ($after: String) { claimedNamespaces(after: $after) { nodes { name } } }";
    const after = (name: string) => Buffer.from(JSON.stringify([name])).toString("base64url");
    const page = await query(server, document, { after: after(" ".repeat(5_000)) });
    expect(page.claimedNamespaces.nodes).toContainEqual({ name: namespace });
    const beyond = await query(server, document, { after: after("~".repeat(5_000)) });
    expect(beyond.claimedNamespaces.nodes).toEqual([]);
    for (const none of ["", "no cursor", after("")]) {
      const refused = await refusal(query(server, document, { after: none }));
      expect(refused.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "after" });
    }
  });

  async function heldIn(namespace: string) {
    const taken = await claim(server, { namespace });
    return { namespace, key: taken.entry.key, token: taken.claim.token };
  }
});

test("delivers a claim on one instance to a subscriber of another", async () => {
  await using instances = await startInstances(2, {}, await createPostgres());
  const [one, other] = instances.servers as readonly [Instance, Instance];
  const { namespace } = await newWork(one, "a");
  await using events = watch(other, namespace);
  expect(await events.next()).toEqual({ ...none, free: 1 });
  const taken = await claim(one, { namespace });
  await events.until(({ taken: count }) => count === 1);
  await release(one, { namespace, key: taken.entry.key, token: taken.claim.token });
  await events.until(({ free }) => free === 1);
});
