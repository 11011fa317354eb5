import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedWork, expectLost, newWork } from "../claimed-work.ts";
import { refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  append,
  claim,
  complete,
  get,
  headRevision,
  mutate,
  refusedWhole,
  release,
  renew,
  set,
  setMany,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances, startTestServer, type Instance, type TestServer } from "../server.ts";
import { expire } from "../time.ts";

const nothing = { entry: null, claim: null };

describe.each(plainDatabases)("claims on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  test("grants the free entries in byte order of their keys, then none", async () => {
    const { namespace, keys } = await newWork(server, "\u{1F600}", "a", "B", "\uFFFF", "a!", "é");
    const head = await headRevision(server);
    const taken: string[] = [];
    for (let times = 0; times < keys.length; times++) {
      const { entry, claim: granted, revision } = await claim(server, { namespace });
      expect(entry).toEqual(await get(server, entry.key, namespace));
      expect(granted).toMatchObject({ attempt: 1 });
      expect(revision).toBe(head);
      taken.push(entry.key);
    }
    const bytes = (key: string) => Buffer.from(key);
    expect(taken).toEqual([...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b))));
    expect(await claim(server, { namespace })).toEqual({ ...nothing, revision: head });
  });

  test("claims only keys with the prefix, in the namespace", async () => {
    const { namespace, keys } = await newWork(server, "b", "a_1", "a%1", "A_");
    expect(await claim(server, { namespace, keyPrefix: "c" })).toMatchObject(nothing);
    expect(await claim(server, { namespace: "nowhere", keyPrefix: "a" })).toMatchObject(nothing);
    expect((await claim(server, { namespace, keyPrefix: "a_" })).entry.key).toBe(keys[1]);
    expect(await claim(server, { namespace, keyPrefix: "a_" })).toMatchObject(nothing);
    expect((await claim(server, { namespace, keyPrefix: keys[0] as string })).entry.key).toBe(
      keys[0],
    );
  });

  test("ends a lease at its time by the database's clock, later if it is renewed", async () => {
    const { namespace } = await newWork(server, "a", "b");
    const short = await claim(server, { namespace, leaseSeconds: 10 });
    const usual = await claim(server, { namespace });
    const lengthMs = Date.parse(usual.claim.expiresAt) - Date.parse(short.claim.expiresAt);
    expect(Math.abs(lengthMs - 50_000)).toBeLessThan(20_000);
    const { token } = short.claim;
    const held = { namespace, key: short.entry.key, token };
    const renewed = (await renew(server, { ...held, leaseSeconds: 1_000 })).claim;
    expect(renewed).toMatchObject({ token, attempt: 1 });
    expect(Date.parse(renewed.expiresAt) - Date.parse(short.claim.expiresAt)).toBeGreaterThan(
      900_000,
    );
    expect(await claim(server, { namespace })).toMatchObject(nothing);
  });

  test("frees a released entry immediately", async () => {
    const { place, held } = await claimedWork(server);
    await release(server, held);
    await expectLost(server, held);
    const { claim: second } = await claim(server, { namespace: place.namespace });
    expect(second.attempt).toBe(2);
    await release(server, { ...place, token: second.token });
    expect((await claim(server, { namespace: place.namespace })).claim.attempt).toBe(3);
  });

  test("adds no changes for claims: subscribers and the history do not see them", async () => {
    const { namespace } = await newWork(server, "a", "b");
    const head = await headRevision(server);
    const { entry, claim: granted } = await claim(server, { namespace });
    const held = { namespace, key: entry.key, token: granted.token };
    await renew(server, held);
    await release(server, held);
    expect(await headRevision(server)).toBe(head);
    expect(await get(server, entry.key, namespace)).toEqual(entry);
  });

  test("G1: claims nothing for a token that cannot read the response or does not cover the namespace", async () => {
    const { namespace, keys } = await newWork(server, "a");
    const writer = (await server.createToken({ scopes: ["write"] })).secret;
    expect(
      await refusedWhole(server, () => claim(server, { namespace }, { token: writer })),
    ).toMatchObject({ code: "FORBIDDEN", requiredScope: "read" });
    const limited = (await server.createToken({ namespacePatterns: ["other"] })).secret;
    expect(
      await refusedWhole(server, () => claim(server, { namespace }, { token: limited })),
    ).toMatchObject({ code: "FORBIDDEN", namespace });
    const blind = await mutate(
      server,
      "claimEntry",
      "claim { attempt token }",
      { namespace },
      { token: writer },
    );
    expect(blind.claim.attempt).toBe(1);
    await release(server, { namespace, key: keys[0] as string, token: blind.claim.token });
  });

  test.each([
    [0, "BAD_USER_INPUT"],
    [-1, "BAD_USER_INPUT"],
    [86_401, "LIMIT_EXCEEDED"],
    [2_147_483_647, "LIMIT_EXCEEDED"],
    [2_147_483_648, "BAD_USER_INPUT"],
    [1.5, "BAD_USER_INPUT"],
    [null, "BAD_USER_INPUT"],
  ])("G9: a lease of %s seconds is %s", async (leaseSeconds, code) => {
    const { place, held } = await claimedWork(server);
    const said = { leaseSeconds: leaseSeconds as number };
    for (const call of [
      () => claim(server, { namespace: place.namespace, ...said }),
      () => renew(server, { ...held, ...said }),
    ]) {
      const extensions = await refusedWhole(server, call);
      expect(extensions).toMatchObject({ code, argument: "input.leaseSeconds" });
      if (code === "LIMIT_EXCEEDED") expect(extensions).toMatchObject({ max: 86_400 });
    }
    await renew(server, { ...held, leaseSeconds: 86_400 });
  });

  test("grants each of 30 entries to one of 40 concurrent workers, with other writers", async () => {
    const names = Array.from({ length: 30 }, (_, at) => `task:${String(at).padStart(2, "0")}`);
    const { namespace, keys } = await newWork(server, ...names);
    const [taken] = await Promise.all([
      Promise.all(names.concat(names.slice(0, 10)).map(() => claim(server, { namespace }))),
      ...keys.slice(0, 10).map((key) => set(server, { namespace, key, value: [key] })),
      ...keys
        .slice(10, 15)
        .map((key) => append(server, { namespace, key: `other:${key}`, value: 1 })),
    ]);
    const granted = taken.filter(({ entry }) => entry !== null);
    const tasks = granted.map(({ entry }) => entry.key).filter((key) => key.startsWith("task:"));
    expect(new Set(granted.map(({ entry }) => entry.key)).size).toBe(granted.length);
    expect(tasks.sort()).toEqual(keys);
    for (const {
      entry,
      claim: { attempt },
    } of granted) {
      expect(attempt).toBe(1);
      expect(JSON.stringify(entry.value)).toMatch(/task:|\[1\]/);
    }
  });
  test("G8: does not grant an expired entry, and a claim of it is lost", async () => {
    const { place, held } = await claimedWork(server);
    await expire(own, place.key);
    // The call is refused, although the expiry that it finds becomes a change.
    expect((await refusal(complete(server, held))).code).toBe("CLAIM_LOST");
    const { namespace, keys } = await newWork(server, "a", "b");
    await expire(own, keys[0] as string);
    expect((await claim(server, { namespace })).entry.key).toBe(keys[1]);
    expect(await claim(server, { namespace })).toMatchObject(nothing);
  });
});

test("three instances on one PostgreSQL grant each entry once", async () => {
  await using instances = await startInstances(3, {}, await createPostgres());
  const servers = instances.servers as readonly [Instance, ...Instance[]];
  const keys = Array.from({ length: 30 }, (_, at) => `task:${String(at).padStart(2, "0")}`);
  await setMany(
    servers[0],
    "shared",
    keys.map((key) => ({ key, value: key })),
  );
  const one = (at: number) => servers[at % 3] as Instance;
  const taken = await Promise.all(
    Array.from({ length: 40 }, (_, at) => claim(one(at), { namespace: "shared" })),
  );
  const granted = taken.filter(({ entry }) => entry !== null);
  expect(granted.map(({ entry }) => entry.key).sort()).toEqual(keys);
  // The claim holds on every instance.
  await Promise.all(
    granted.map(({ entry, claim: { token } }, at) =>
      complete(one(at), {
        namespace: "shared",
        key: entry.key,
        token,
        operations: [{ increment: { key: "completed" } }],
      }),
    ),
  );
  expect((await get(servers[0], "completed"))?.value).toBe(30);
});
