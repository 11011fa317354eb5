import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedWork, expectLost, newWork } from "../claimed-work.ts";
import { query, refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  claim,
  complete,
  deadLetters,
  fail,
  get,
  headRevision,
  mutate,
  refusedWhole,
  release,
  reopen,
  requeue,
  transact,
} from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";
import { post } from "../raw-client.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { endLease } from "../time.ts";

const nothing = { entry: null, claim: null };

describe.each(plainDatabases)("failed claims on $name", ({ create }) => {
  let own: OwnDatabase;
  let server: TestServer;
  beforeAll(async () => {
    own = await create();
    server = await startTestServer({}, own);
  });
  afterAll(() => server.close());

  /** Claims the only entry of a namespace repeatedly, and expects these delays, in seconds, after each end. */
  async function expectDelays(
    delays: readonly number[],
    end: (held: Held) => Promise<Record<string, any>>,
  ) {
    const { namespace, keys } = await newWork(server, "task");
    const key = keys[0] as string;
    for (const [index, seconds] of delays.entries()) {
      const taken = await claim(server, { namespace });
      expect(taken.claim.attempt).toBe(index + 1);
      const before = Date.now();
      const { claimableAt, deadLettered } = await end({ namespace, key, token: taken.claim.token });
      expect(deadLettered).toBe(false);
      const endedAt = Date.parse(claimableAt) - seconds * 1_000;
      // The time is the database's, which is this machine's.
      expect(endedAt).toBeGreaterThanOrEqual(before - 50);
      expect(endedAt).toBeLessThanOrEqual(Date.now() + 50);
      if (seconds > 30) expect(await claim(server, { namespace })).toMatchObject(nothing);
      await endLease(own, key);
    }
  }

  test("retries a failed entry after 1, 2, 4 … 300 seconds", async () => {
    await expectDelays([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300], (held) => fail(server, held));
  });

  test("frees a released entry immediately three times, then after 1, 2, 4 … seconds", async () => {
    await expectDelays([0, 0, 0, 1, 2, 4], (held) => release(server, held));
  });

  test("accepts a delay for either, from none to the longest lease", async () => {
    await expectDelays([0, 0, 0, 0, 0], (held) => fail(server, { ...held, delaySeconds: 0 }));
    await expectDelays([90, 90], (held) => release(server, { ...held, delaySeconds: 90 }));
    await expectDelays([86_400], (held) => fail(server, { ...held, delaySeconds: 86_400 }));
  });

  test("G13: keeps the error exactly, and shows it to later workers until one completes the entry", async () => {
    const { place, held } = await claimedWork(server);
    const error = '{"z":12345678901234567890,"a":[1.0,null],"message":"no \u{1F600}"}';
    const failed = await rawRequest(server, failMutation, { ...held, delaySeconds: 0 }, error);
    expect(failed).toContain('"deadLettered":false');
    const { namespace, key } = place;
    const again = await rawRequest(server, claimMutation, { namespace });
    expect(again).toContain(`"error":${error}`);
    const { token } = JSON.parse(again).data.claimEntry.claim;
    await complete(server, { namespace, key, token });
    expect(await reopen(server, place)).toBe(true);
    expect(await rawRequest(server, claimMutation, { namespace })).toContain(
      '"failedAt":null,"error":null',
    );
  });

  test("reads the state of the work on an entry without claiming it", async () => {
    const state = async (place: { namespace: string; key: string }) => {
      const document = `query ($namespace: String!, $key: String!) { claimState(namespace: $namespace, key: $key) {
        attempt maxAttempts claimableAt completed deadLettered failedAt error } }`;
      return (await query(server, document, place)).claimState;
    };
    const { namespace, keys } = await newWork(server, "task");
    const place = { namespace, key: keys[0] as string };
    const unclaimed = {
      attempt: 0,
      maxAttempts: null,
      claimableAt: null,
      completed: false,
      deadLettered: false,
      failedAt: null,
      error: null,
    };
    expect(await state(place)).toEqual(unclaimed);
    expect(await state({ ...place, key: "none" })).toBeNull();
    const first = (await claim(server, { namespace, maxAttempts: 2 })).claim;
    const held = { ...unclaimed, attempt: 1, maxAttempts: 2, claimableAt: first.expiresAt };
    expect(await state(place)).toEqual(held);
    const { claimableAt } = await fail(server, { ...place, token: first.token, error: [1] });
    const failed = { ...held, claimableAt, failedAt: expect.any(String), error: [1] };
    expect(await state(place)).toEqual(failed);
    await endLease(own, place.key);
    const { token } = (await claim(server, { namespace })).claim;
    await fail(server, { ...place, token });
    const dead = { ...failed, attempt: 2, claimableAt: null, deadLettered: true, error: null };
    expect(await state(place)).toEqual(dead);
    await requeue(server, place);
    await complete(server, { ...place, token: (await claim(server, { namespace })).claim.token });
    expect(await state(place)).toEqual({
      ...unclaimed,
      attempt: 1,
      maxAttempts: 2,
      completed: true,
    });
  });

  test("G11: ends a claim that failed or was released", async () => {
    const { held } = await claimedWork(server);
    await fail(server, { ...held, error: "why" });
    await expectLost(server, held);
    const extensions = await refusedWhole(server, () => fail(server, { ...held, error: "again" }));
    expect(extensions).toMatchObject({ code: "CLAIM_LOST", argument: "input.token" });
  });

  test("dead-letters an entry after its last attempt: it is kept, listed, not granted, and can be requeued", async () => {
    const { namespace, keys } = await newWork(server, "task");
    const key = keys[0] as string;
    const head = await headRevision(server);
    for (const attempt of [1, 2]) {
      const taken = await claim(server, { namespace, maxAttempts: 2 });
      expect(taken.claim.attempt).toBe(attempt);
      const held = { namespace, key, token: taken.claim.token };
      const ended = await fail(server, { ...held, error: `attempt ${attempt}`, delaySeconds: 0 });
      expect(ended.deadLettered).toBe(attempt === 2);
      if (attempt === 2) expect(ended.claimableAt).toBeNull();
    }
    expect(await claim(server, { namespace })).toMatchObject(nothing);
    expect(await claim(server, { namespace, maxAttempts: 100 })).toMatchObject(nothing);
    expect((await get(server, key, namespace))?.value).toBe(key);
    expect(await deadLetters(server, { namespace })).toEqual({
      nodes: [
        {
          entry: { key, value: key },
          attempt: 2,
          maxAttempts: 2,
          failedAt: expect.any(String),
          error: "attempt 2",
        },
      ],
      pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
    });
    // None of these steps is a change.
    expect(await headRevision(server)).toBe(head);

    expect(await requeue(server, { namespace, key })).toBe(true);
    expect(await requeue(server, { namespace, key })).toBe(false);
    expect((await deadLetters(server, { namespace })).nodes).toEqual([]);
    const taken = await mutate(server, "claimEntry", "claim { token attempt maxAttempts error }", {
      namespace,
    });
    expect(taken.claim).toMatchObject({ attempt: 1, maxAttempts: 2, error: "attempt 2" });
    await complete(server, { namespace, key, token: taken.claim.token });
    expect(await requeue(server, { namespace, key })).toBe(false);
  });

  test("dead-letters an entry at its first failure with retry: false", async () => {
    const { place, held } = await claimedWork(server);
    const ended = await fail(server, { ...held, error: "not a task", retry: false });
    expect(ended).toMatchObject({ claimableAt: null, deadLettered: true });
    const [letter] = (await deadLetters(server, place)).nodes;
    expect(letter).toMatchObject({ attempt: 1, maxAttempts: null, error: "not a task" });
  });

  test("counts the last attempt of a worker that dies or releases", async () => {
    const { namespace, keys } = await newWork(server, "a", "b");
    await claim(server, { namespace, maxAttempts: 1 });
    await endLease(own, keys[0] as string);
    const next = await claim(server, { namespace, maxAttempts: 1 });
    expect(next.entry.key).toBe(keys[1]);
    expect((await deadLetters(server, { namespace })).nodes).toMatchObject([
      { entry: { key: keys[0] }, attempt: 1, failedAt: null, error: null },
    ]);
    const held = { namespace, key: keys[1] as string, token: next.claim.token };
    expect(await release(server, held)).toMatchObject({ claimableAt: null, deadLettered: true });
    await expectLost(server, held);
    expect((await deadLetters(server, { namespace })).nodes).toHaveLength(2);
  });

  test("applies a claim's limit to earlier attempts, and keeps it for later ones", async () => {
    const { namespace, keys } = await newWork(server, "a", "b");
    for (let attempt = 1; attempt <= 3; attempt++) {
      await claim(server, { namespace, keyPrefix: "a" });
      await endLease(own, keys[0] as string);
    }
    expect((await claim(server, { namespace, keyPrefix: "a", maxAttempts: 4 })).claim.attempt).toBe(
      4,
    );
    await endLease(own, keys[0] as string);
    // A claim without a limit uses the entry's current one. A higher limit would allow more attempts.
    expect((await claim(server, { namespace })).entry.key).toBe(keys[1]);
    expect((await deadLetters(server, { namespace })).nodes).toMatchObject([
      { entry: { key: keys[0] }, attempt: 4, maxAttempts: 4 },
    ]);
  });

  test("grants a free entry behind many exhausted ones, to each of several workers", async () => {
    const poison = Array.from({ length: 40 }, (_, at) => `a${String(at).padStart(2, "0")}`);
    const { namespace, keys } = await newWork(server, ...poison, "b1", "b2", "b3");
    await Promise.all(poison.map(() => claim(server, { namespace, keyPrefix: "a" })));
    await own.execute(
      `UPDATE "Entry" SET "claimExpiresAt" = NULL WHERE "namespace" = '${namespace}'`,
    );
    const taken = await Promise.all(
      [1, 1, 1, 1].map((maxAttempts) => claim(server, { namespace, maxAttempts })),
    );
    expect(taken.map(({ entry }) => entry?.key ?? null).sort()).toEqual(
      [...keys.slice(40), null].sort(),
    );
    expect((await deadLetters(server, { namespace, first: 100 })).nodes).toHaveLength(40);
  });

  test("pages dead letters by cursor and prefix", async () => {
    const { namespace, keys } = await newWork(server, "a1", "a2", "b1", "b2", "b3");
    for (const key of keys) {
      const { token } = (await claim(server, { namespace })).claim;
      if (!key.startsWith("b2")) await fail(server, { namespace, key, token, retry: false });
    }
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await deadLetters(server, { namespace, first: 1, ...(after && { after }) });
      seen.push(...page.nodes.map(({ entry }: any) => entry.key));
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(seen).toEqual(keys.filter((key) => !key.startsWith("b2")));
    const some = await deadLetters(server, { namespace, keyPrefix: "b" });
    expect(some.nodes.map(({ entry }: any) => entry.key)).toEqual([keys[2], keys[4]]);
    const forged = [["\u0000"], [""], ["a", "b"], [1]].map((parts) =>
      Buffer.from(JSON.stringify(parts)).toString("base64url"),
    );
    for (const cursor of ["no cursor", ...forged]) {
      const wrong = await refusal(deadLetters(server, { namespace, after: cursor }));
      expect(wrong.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "after" });
    }
  });

  test("G1: another user, another namespace, and a token that cannot read, see and change nothing", async () => {
    const { place, held } = await claimedWork(server);
    await fail(server, { ...held, error: "secret", retry: false });
    const token = async (grant: object) => ({
      token: (await server.createToken(grant)).secret,
    });
    const other = await token({ userId: "other" });
    expect((await deadLetters(server, place, other)).nodes).toEqual([]);
    expect(await requeue(server, place, other)).toBe(false);
    const limited = await token({ namespacePatterns: ["elsewhere"] });
    for (const call of [
      () => deadLetters(server, place, limited),
      () => requeue(server, place, limited),
      () => fail(server, { ...held, error: "again" }, limited),
    ]) {
      expect(await refusedWhole(server, call)).toMatchObject({ code: "FORBIDDEN" });
    }
    const reader = await token({ scopes: ["read"] });
    expect(await refusedWhole(server, () => requeue(server, place, reader))).toMatchObject({
      code: "FORBIDDEN",
      requiredScope: "write",
    });
    const writer = await token({ scopes: ["write"] });
    expect(await requeue(server, place, writer)).toBe(true);
    const claimWithError = () =>
      mutate(server, "claimEntry", "claim { error }", { namespace: place.namespace }, writer);
    expect(await refusedWhole(server, claimWithError)).toMatchObject({
      code: "FORBIDDEN",
      requiredScope: "read",
    });
    expect((await claim(server, { namespace: place.namespace })).claim.attempt).toBe(1);
  });

  test.each([
    ["delaySeconds", -1, "BAD_USER_INPUT"],
    ["delaySeconds", 86_401, "LIMIT_EXCEEDED"],
    ["error", "x".repeat(16 * 1024), "LIMIT_EXCEEDED"],
    ["maxAttempts", 0, "BAD_USER_INPUT"],
    ["maxAttempts", -1, "BAD_USER_INPUT"],
  ])("G9: %s of %s is %s", async (name, value, code) => {
    const { place, held } = await claimedWork(server);
    const calls =
      name === "maxAttempts"
        ? [() => claim(server, { namespace: place.namespace, [name]: value as number })]
        : [
            () => fail(server, { ...held, [name]: value }),
            ...(name === "error" ? [] : [() => release(server, { ...held, [name]: value })]),
          ];
    for (const call of calls) {
      const extensions = await refusedWhole(server, call);
      expect(extensions).toMatchObject({ code, argument: `input.${name}` });
    }
    await complete(server, held);
  });

  test("G12: a repeat of each call returns the first result, and is applied once", async () => {
    const { place, held } = await claimedWork(server);
    const failing = { ...held, error: "why", idempotencyKey: `fail ${held.token}` };
    const failed = await fail(server, failing);
    expect(await fail(server, failing)).toEqual(failed);
    await endLease(own, place.key);
    const { token } = (await claim(server, { namespace: place.namespace, maxAttempts: 2 })).claim;
    const last = { ...place, token, idempotencyKey: `last ${token}` };
    const dead = await fail(server, last);
    expect(dead).toMatchObject({ claimableAt: null, deadLettered: true });
    expect(await fail(server, last)).toEqual(dead);
    const again = { ...place, idempotencyKey: `requeue ${token}` };
    expect(await requeue(server, again)).toBe(true);
    const second = (await claim(server, { namespace: place.namespace })).claim;
    await fail(server, { ...place, token: second.token, retry: false });
    expect(await requeue(server, again)).toBe(true);
    expect((await deadLetters(server, place)).nodes).toHaveLength(1);
  });

  test("G6: requeues dead letters together with other writes, or not at all", async () => {
    const { namespace, keys } = await newWork(server, "a", "b");
    for (const key of keys) {
      const { token } = (await claim(server, { namespace })).claim;
      await fail(server, { namespace, key, token, retry: false });
    }
    const requeues = [...keys, "none"].map((key) => ({ requeue: { namespace, key } }));
    const refused = { increment: { namespace, key: keys[0] as string } };
    const extensions = await refusedWhole(server, () =>
      transact(server, { operations: [...requeues, refused] }),
    );
    expect(extensions.code).toBe("BAD_USER_INPUT");
    expect((await deadLetters(server, { namespace })).nodes).toHaveLength(2);

    const counted = { increment: { namespace: `${namespace}:log`, key: "requeued", by: 2 } };
    const done = await mutate(server, "transact", "results { requeued entry { value } }", {
      operations: [...requeues, counted],
    });
    expect(done.results).toEqual([
      { requeued: true, entry: null },
      { requeued: true, entry: null },
      { requeued: false, entry: null },
      { requeued: null, entry: { value: 2 } },
    ]);
    expect((await deadLetters(server, { namespace })).nodes).toEqual([]);
  });

  test("a delete removes a dead letter: an entry that is set after it is new work", async () => {
    const { place, held } = await claimedWork(server);
    await fail(server, { ...held, error: "why", retry: false });
    await mutate(server, "deleteEntry", "deleted", place);
    await mutate(server, "setEntry", "revision", { ...place, value: 1 });
    expect((await deadLetters(server, place)).nodes).toEqual([]);
    const taken = await mutate(server, "claimEntry", "claim { attempt error failedAt }", {
      namespace: place.namespace,
    });
    expect(taken.claim).toEqual({ attempt: 1, error: null, failedAt: null });
  });

  test("a worker that always releases does not loop: 36 calls get the task 4 times, and once after each delay", async () => {
    const { namespace } = await newWork(server, "poison");
    const begin = performance.now();
    let granted = 0;
    for (let call = 1; call <= 36; call++) {
      const { entry, claim: own } = await claim(server, { namespace });
      if (!entry) continue;
      granted++;
      await release(server, { namespace, key: entry.key, token: own.token });
    }
    // The delays of 1, 2, 4 … seconds that can be over by now.
    const seconds = (performance.now() - begin) / 1_000;
    expect(granted).toBeGreaterThanOrEqual(4);
    expect(granted).toBeLessThanOrEqual(4 + Math.floor(Math.log2(seconds + 1)));
  });
});

const failMutation =
  "mutation ($input: FailClaimInput!) { failClaim(input: $input) { deadLettered } }";
const claimMutation =
  "mutation ($input: ClaimEntryInput!) { claimEntry(input: $input) { claim { token failedAt error } } }";

/** The text of a response. JSON.parse could lose parts of it. */
function rawRequest(
  server: TestServer,
  document: string,
  input: object,
  error?: string,
): Promise<string> {
  const members = JSON.stringify(input).slice(1, -1);
  const text = error === undefined ? members : `${members},"error":${error}`;
  return post(server, `{"query":${JSON.stringify(document)},"variables":{"input":{${text}}}}`);
}

interface Held {
  readonly namespace: string;
  readonly key: string;
  readonly token: string;
}
