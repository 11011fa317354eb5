import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { socketClient, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  append,
  claim,
  clear,
  complete,
  fail,
  get,
  headRevision,
  increment,
  mutate,
  patch,
  refusedWhole,
  release,
  remove,
  set,
  transact,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { startInstances, startTestServer, type TestServer } from "../server.ts";
import { ageAnswer, endLease } from "../time.ts";

describe.each(plainDatabases)("idempotency on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  let users = 0;
  /** A separate user, whose log contains nothing else. */
  async function newUser() {
    const { secret } = await server.createToken({ userId: `user ${++users}` });
    return { url: server.url, token: secret };
  }

  const wrongKey = { code: "BAD_USER_INPUT", argument: "input.idempotencyKey" };

  test("G12: large calls with a key, and the small ones after them, are committed in their order", async () => {
    const user = await newUser();
    const client = socketClient(user.url, { authorization: `Bearer ${user.token}` });
    const document = `mutation ($entries: [SetEntriesItem!]!, $key: String) {
      setEntries(input: { entries: $entries, idempotencyKey: $key }) { revision }
    }`;
    const large = Array.from({ length: 100 }, (_, n) => ({
      key: `${n}`,
      value: "é".repeat(6_000),
    }));
    const calls = [
      { entries: large, key: "large" },
      { entries: large.slice(0, 1), key: "small" },
      { entries: large, key: "next" },
      { entries: large.slice(0, 1) },
    ];
    const answers = calls.map((call) => subscribeOn(client, document, call).next());
    const revisions = (await Promise.all(answers)).map(({ revision }) => revision);
    await client.dispose();
    expect(revisions).toEqual(["100", "101", "201", "202"]);
  });

  test("refuses the key with other input, for another mutation or by another agent", async () => {
    const user = await newUser();
    const input = { key: "k", value: 1, idempotencyKey: "mine" };
    await set(user, input, { agent: "a" });
    for (const call of [
      () => set(user, { ...input, value: "1" }, { agent: "a" }),
      () => set(user, { ...input, namespace: "other" }, { agent: "a" }),
      () => set(user, { ...input, ifRevision: "0" }, { agent: "a" }),
      () => increment(user, { key: "k", idempotencyKey: "mine" }, { agent: "a" }),
      () => set(user, input, { agent: "b" }),
      () => set(user, input),
    ]) {
      expect(await refusedWhole(user, call)).toEqual(wrongKey);
    }
    // A call that gives a default explicitly is the same call.
    await set(user, { ...input, namespace: "default" }, { agent: "a" });
    expect(await headRevision(user)).toBe("1");
  });

  test("ten concurrent repeats write once, and all return the same result", async () => {
    const user = await newUser();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => increment(user, { key: "n", idempotencyKey: "k" })),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await headRevision(user)).toBe("1");
    await set(user, { key: "task", value: "large" });
    const claims = await Promise.all(
      Array.from({ length: 10 }, () => claim(user, { keyPrefix: "task", idempotencyKey: "c" })),
    );
    expect(claims[0]).toMatchObject({ entry: { value: "large" }, claim: { attempt: 1 } });
    for (const answer of claims) expect(answer).toEqual(claims[0]);
  });

  test("a refused call leaves its key usable", async () => {
    const user = await newUser();
    await set(user, { key: "k", value: "text" });
    const input = { key: "k", idempotencyKey: "again" };
    for (let times = 0; times < 2; times++) {
      expect(await refusedWhole(user, () => increment(user, input))).toMatchObject({
        argument: "input",
      });
    }
    await set(user, { key: "k", value: 1 });
    expect((await increment(user, input)).entry.value).toBe(2);
    expect((await increment(user, input)).entry.value).toBe(2);
    const conditional = { key: "k", value: 5, ifRevision: "9", idempotencyKey: "conditional" };
    expect((await refusedWhole(user, () => set(user, conditional))).code).toBe("CONFLICT");
    const { revision } = await set(user, { ...conditional, ifRevision: "3" });
    // Its condition no longer holds, and is not checked again.
    expect((await set(user, { ...conditional, ifRevision: "3" })).revision).toBe(revision);
  });

  test("records that there was nothing to delete, but not that no entry was free", async () => {
    const user = await newUser();
    const absent = { key: "k", idempotencyKey: "absent" };
    expect((await remove(user, absent)).deleted).toBe(false);
    const look = { idempotencyKey: "look" };
    expect(await claim(user, look)).toEqual({ revision: "0", entry: null, claim: null });
    await set(user, { key: "k", value: 1 });
    expect((await remove(user, absent)).deleted).toBe(false);
    const granted = await claim(user, look);
    expect(granted).toMatchObject({ entry: { value: 1 }, claim: { attempt: 1 } });
    expect(await claim(user, look)).toEqual(granted);
  });

  test("a worker whose responses were lost has one claim, and completes it once", async () => {
    const user = await newUser();
    await set(user, { key: "k", value: 1 });
    const { claim: granted } = await claim(user, { idempotencyKey: "claim" });
    expect((await claim(user, { idempotencyKey: "claim" })).claim).toEqual(granted);
    expect((await claim(user, { idempotencyKey: "another" })).claim).toBeNull();
    const result = {
      key: "k",
      token: granted.token,
      value: "done",
      operations: [{ increment: { key: "done" } }],
      idempotencyKey: "complete",
    };
    const done = await complete(user, result);
    await endLease(own, "k");
    expect(await complete(user, result)).toEqual(done);
    expect((await get(user, "done"))?.value).toBe(1);
    expect(
      await refusedWhole(user, () => release(user, { key: "k", token: granted.token })),
    ).toMatchObject({ code: "CLAIM_LOST" });
  });

  test("forgets the key after a day, and not before", async () => {
    const user = await newUser();
    const key = `day ${users}`;
    const once = () => increment(user, { key: "n", idempotencyKey: key });
    await once();
    await ageAnswer(own, key, 86_400 - 60);
    expect((await once()).entry.value).toBe(1);
    await ageAnswer(own, key, 86_400);
    expect((await once()).entry.value).toBe(2);
    expect((await once()).entry.value).toBe(2);
    await ageAnswer(own, key, 86_400);
    await set(user, { key: "n", value: 10, idempotencyKey: key });
    expect((await get(user, "n"))?.value).toBe(10);
  });

  test("G1: the same key of another user is separate", async () => {
    const [one, other] = [await newUser(), await newUser()];
    await set(one, { key: "k", value: "confidential", idempotencyKey: "shared" });
    const { entry, revision } = await set(other, { key: "k", value: 1, idempotencyKey: "shared" });
    expect([entry.value, revision]).toEqual([1, "1"]);
  });

  test("G1: a repeat returns nothing to a token that cannot write, read or reach the namespace", async () => {
    const user = await newUser();
    const input = { key: "k", value: "confidential", idempotencyKey: "k" };
    await set(user, input);
    const grant = { userId: `user ${users}` };
    for (const [narrow, needs] of [
      [{ scopes: ["read"] }, { requiredScope: "write" }],
      [{ scopes: ["write"] }, { requiredScope: "read" }],
      [{ namespacePatterns: ["other"] }, { namespace: "default" }],
    ] as const) {
      const { secret } = await server.createToken({ ...grant, ...narrow });
      const call = () => set({ url: server.url, token: secret }, input);
      const extensions = await refusedWhole(user, call);
      expect(extensions).toEqual({ code: "FORBIDDEN", ...needs });
    }
  });

  test("a key is any non-empty text, as long as a key of an entry, without control characters", async () => {
    const user = await newUser();
    for (const idempotencyKey of [
      "é".repeat(512),
      "__proto__",
      "constructor",
      "' OR 1=1 --",
      "👩‍👩‍👧",
      " ",
    ]) {
      const input = { namespace: "keys", key: "n", idempotencyKey };
      expect(await increment(user, input)).toEqual(await increment(user, input));
    }
    expect((await get(user, "n", "keys"))?.value).toBe(6);
    for (const idempotencyKey of ["", "a\u0000", "a\nb", "\ud800"]) {
      const call = () => increment(user, { key: "n", idempotencyKey });
      expect(await refusedWhole(user, call)).toEqual(wrongKey);
    }
    const long = () => increment(user, { key: "n", idempotencyKey: "x".repeat(1_025) });
    expect(await refusedWhole(user, long)).toMatchObject({
      code: "LIMIT_EXCEEDED",
      argument: "input.idempotencyKey",
    });
  });

  /** Characters of the records whose idempotency keys have this prefix. */
  async function recordLength(key: string): Promise<number> {
    const [row] = await own.query<{ total: number | string }>(
      `SELECT SUM(LENGTH("results")) AS "total" FROM "Answer" WHERE "idempotencyKey" LIKE '${key}%'`,
    );
    return Number(row?.total);
  }

  test("G12: small writes to a large entry have small records, and repeats return the first result", async () => {
    const user = await newUser();
    const key = `large ${users}`;
    const metadata = { m: "x".repeat(10_000) };
    await set(user, { key, value: { text: "\u00e9".repeat(100_000) }, metadata });
    await set(user, { key: "list", value: ["y".repeat(200_000)] });
    const calls = [
      ...Array.from(
        { length: 5 },
        (_, i) => () => patch(user, { key, patch: { i }, idempotencyKey: `${key} patch ${i}` }),
      ),
      () => increment(user, { key, path: "/n", idempotencyKey: `${key} increment` }),
      () => append(user, { key: "list", value: 1, idempotencyKey: `${key} append` }),
      // The value is in the call, and the metadata is not.
      () => set(user, { key, value: { i: 0 }, idempotencyKey: `${key} set` }),
      () =>
        transact(user, {
          operations: [
            { append: { key: "list", value: 2 } },
            { append: { key: "list", value: 3 } },
            { delete: { key: "absent" } },
            { set: { key: "small", value: 1 } },
          ],
          idempotencyKey: `${key} transact`,
        }),
      () => claim(user, { keyPrefix: "list", idempotencyKey: `${key} claim` }),
      () =>
        mutate(user, "setEntries", "revision entries { key value revision sizeBytes }", {
          entries: Array.from({ length: 100 }, (_, i) => ({ key: `many ${i}`, value: i })),
          idempotencyKey: `${key} many`,
        }),
    ];
    const first = [];
    for (const call of calls) first.push(await call());
    expect(await recordLength(key)).toBeLessThan(calls.length * 4_096 + 100 * 200);
    await clear(user, "default");
    const head = await headRevision(user);
    for (const [index, call] of calls.entries()) expect(await call()).toEqual(first[index]);
    expect(await headRevision(user)).toBe(head);
  });

  test("G12: a repeat of a claim returns a large error while the claim holds, and is refused afterwards", async () => {
    const user = await newUser();
    const key = `failed ${users}`;
    await set(user, { key, value: 1 });
    const { claim: failed } = await claim(user, {});
    await fail(user, { key, token: failed.token, error: "e".repeat(10_000), delaySeconds: 0 });
    const again = () =>
      mutate(user, "claimEntry", "revision entry { value } claim { token attempt error }", {
        idempotencyKey: key,
      });
    const granted = await again();
    expect(granted.claim.error).toHaveLength(10_000);
    const renewing = { key, token: granted.claim.token, idempotencyKey: `${key} renewal` };
    const renewal = () => mutate(user, "renewClaim", "revision claim { token error }", renewing);
    const renewed = await renewal();
    expect(await again()).toEqual(granted);
    expect(await renewal()).toEqual(renewed);
    expect(await recordLength(key)).toBeLessThan(2_000);
    await release(user, { key, token: granted.claim.token });
    const { revision } = granted;
    for (const call of [again, renewal]) {
      expect(await refusedWhole(user, call)).toMatchObject({
        code: "REVISION_COMPACTED",
        reason: "RESPONSE",
        revision,
      });
    }
  });

  test("G12: a repeat whose revision retention has removed returns the current entry, or is refused and writes nothing", async () => {
    const user = await newUser();
    await set(user, { key: "k", value: { text: "x".repeat(10_000) } });
    const call = () => patch(user, { key: "k", patch: { n: 1 }, idempotencyKey: "patch" });
    const small = () => increment(user, { key: "n", idempotencyKey: "small" });
    const first = await call();
    const counted = await small();
    await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 0 }));
    expect(await call()).toEqual(first);
    await patch(user, { key: "k", patch: { n: 2 } });
    await server.withDatabase((database) => database.compact({ maxAgeMs: 0, maxChanges: 0 }));
    expect(await refusedWhole(user, call)).toEqual({
      code: "REVISION_COMPACTED",
      argument: "input.idempotencyKey",
      reason: "RESPONSE",
      revision: first.revision,
      oldestRevision: "5",
    });
    expect(await small()).toEqual(counted);
    expect((await get(user, "k"))?.value.n).toBe(2);
  });

  test("G12: the record of an earlier version, with the whole result, is still used", async () => {
    const user = await newUser();
    const key = `earlier ${users}`;
    const call = () => increment(user, { key: "n", idempotencyKey: key });
    const first = await call();
    await own.execute(
      `UPDATE "Answer" SET "results" = REPLACE("results", '"value":"1"', '"value":"${"1".repeat(5_000)}"') WHERE "idempotencyKey" = '${key}'`,
    );
    expect({ ...first, entry: { ...first.entry, value: Infinity } }).toEqual(await call());
  });

  test("G5: a recorded result survives a restart", async () => {
    const user = await newUser();
    const first = await increment(user, { key: "n", by: 0.1, idempotencyKey: "restart" });
    await server.restart();
    const again = { url: server.url, token: user.token };
    expect(await increment(again, { key: "n", by: 0.1, idempotencyKey: "restart" })).toEqual(first);
  });
});

test("ten concurrent repeats to three instances write once, and all return the same result", async () => {
  await using instances = await startInstances(3, {}, await createPostgres());
  const { servers } = instances;
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        increment(servers[at % 3]!, { key: "n", idempotencyKey: `round ${round}` }),
      ),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  }
  expect((await get(servers[0]!, "n"))?.value).toBe(5);
  expect(await headRevision(servers[0]!)).toBe("5");
});
