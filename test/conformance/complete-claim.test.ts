import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedWork, expectLost, newWork } from "../claimed-work.ts";
import { plainDatabases } from "../databases.ts";
import {
  claim,
  clear,
  complete,
  get,
  headRevision,
  increment,
  patch,
  refusedWhole,
  remove,
  renew,
  set,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { endLease } from "../time.ts";

const nothing = { entry: null, claim: null };

describe.each(plainDatabases)("completing claims on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  test("refuses a token from the end of its lease on, whether another worker has claimed or not", async () => {
    const { place, held } = await claimedWork(server);
    await endLease(own, place.key);
    await expectLost(server, held);
    const second = await claim(server, { namespace: place.namespace });
    expect(second).toMatchObject({
      entry: { key: place.key, value: place.key },
      claim: { attempt: 2 },
    });
    expect(second.claim.token).not.toBe(held.token);
    await expectLost(server, held);
    await complete(server, { ...place, token: second.claim.token, value: "done" });
    await expectLost(server, held);
    expect((await get(server, place.key, place.namespace))?.value).toBe("done");
  });

  test("keeps the result of a completed entry, and does not grant it again, regardless of later writes", async () => {
    const { place, held } = await claimedWork(server);
    const { entry, results, revision } = await complete(server, {
      ...held,
      value: null,
      metadata: { ok: true },
      ttlSeconds: 1_000,
    });
    expect(entry).toMatchObject({ value: null, metadata: { ok: true }, revision });
    expect(Date.parse(entry.expiresAt) - Date.parse(entry.updatedAt)).toBe(1_000_000);
    expect(results).toEqual([]);
    await expectLost(server, held);
    await set(server, { ...place, value: 1 });
    await increment(server, place);
    expect(await claim(server, { namespace: place.namespace })).toMatchObject(nothing);
  });

  test("keeps the value and the expiry if no value is given", async () => {
    const namespace = "completed";
    const { entry } = await set(server, {
      namespace,
      key: "k",
      value: [1],
      metadata: { a: 1 },
      ttlSeconds: 1_000,
    });
    const { token } = (await claim(server, { namespace })).claim;
    const done = await complete(server, { namespace, key: "k", token, metadata: { b: 2 } });
    expect(done.entry).toMatchObject({
      value: [1],
      metadata: { a: 1, b: 2 },
      expiresAt: entry.expiresAt,
      createdRevision: entry.revision,
    });
  });

  test("treats an entry as new after it is deleted and set, or cleared and set", async () => {
    for (const end of [
      (place: { namespace: string; key: string }) => remove(server, place),
      (place: { namespace: string; key: string }) => clear(server, place.namespace),
    ]) {
      const { place, held } = await claimedWork(server);
      await end(place);
      await expectLost(server, held);
      await set(server, { ...place, value: "new" });
      await expectLost(server, held);
      const second = await claim(server, { namespace: place.namespace });
      expect(second).toMatchObject({ entry: { value: "new" }, claim: { attempt: 1 } });
      await complete(server, { ...place, token: second.claim.token });
      await end(place);
      await set(server, { ...place, value: "newer" });
      expect((await claim(server, { namespace: place.namespace })).claim.attempt).toBe(1);
    }
  });

  test("keeps the claim when others write, and completes based on their writes", async () => {
    const { place, held } = await claimedWork(server);
    await set(server, { ...place, value: {}, metadata: { a: 1 } });
    await patch(server, { ...place, patch: { progress: 1 } });
    await increment(server, { ...place, path: "/progress" });
    expect(await claim(server, { namespace: place.namespace })).toMatchObject(nothing);
    expect((await renew(server, held)).claim.attempt).toBe(1);
    const { entry } = await complete(server, held);
    expect(entry).toMatchObject({ value: { progress: 2 }, metadata: { a: 1 } });
  });

  test("G6: applies a result and other writes in one transaction", async () => {
    const { place, held } = await claimedWork(server);
    const { namespace } = place;
    await set(server, { namespace: `${namespace}:text`, key: "text", value: "text" });
    const counted = { increment: { namespace: "done", key: namespace } };
    const head = await headRevision(server);
    for (const [more, extensions] of [
      [
        { operations: [counted, { increment: { namespace: `${namespace}:text`, key: "text" } }] },
        { code: "BAD_USER_INPUT", argument: "input.operations.1.increment" },
      ],
      [
        { operations: [counted], conditions: [{ ...place, revision: "1" }] },
        { code: "CONFLICT", argument: "input.conditions.0" },
      ],
      [
        { operations: [{ delete: { ...place, ifRevision: "1" } }] },
        { code: "CONFLICT", argument: "input.operations.0.delete.ifRevision" },
      ],
    ] as const) {
      const call = () => complete(server, { ...held, value: "early", ...more });
      expect(await refusedWhole(server, call)).toMatchObject(extensions);
    }
    expect(await claim(server, { namespace })).toMatchObject(nothing);
    expect(await get(server, place.key, namespace)).toMatchObject({ value: place.key });
    const { entry, results, revision } = await complete(server, {
      ...held,
      value: "done",
      conditions: [{ ...place, exists: true }],
      operations: [counted, { delete: { namespace: `${namespace}:text`, key: "text" } }],
    });
    expect(entry).toMatchObject({ value: "done", revision: String(BigInt(head) + 1n) });
    expect(results).toMatchObject([{ entry: { value: 1 } }, { deleted: true }]);
    expect(revision).toBe(String(BigInt(head) + 3n));
  });

  test("refuses the token of another entry or another user", async () => {
    const { namespace, keys } = await newWork(server, "a", "b");
    const first = await claim(server, { namespace });
    await claim(server, { namespace });
    for (const token of [first.claim.token, "", "x".repeat(100_000), "\u0000\ud800"]) {
      await expectLost(server, { namespace, key: keys[1] as string, token });
    }
    await expectLost(server, { namespace, key: "absent", token: first.claim.token });
    const free = await newWork(server, "free");
    await expectLost(server, { namespace: free.namespace, key: free.keys[0] as string, token: "" });
  });
});
