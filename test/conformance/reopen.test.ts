import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedWork } from "../claimed-work.ts";
import { plainDatabases } from "../databases.ts";
import {
  claim,
  complete,
  get,
  headRevision,
  refusedWhole,
  reopen,
  set,
  transact,
} from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";

const nothing = { entry: null, claim: null };

describe.each(plainDatabases)("completed work on $name", ({ create }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({}, await create());
  });
  afterAll(() => server.close());

  async function completedWork() {
    const { place, held } = await claimedWork(server);
    await complete(server, { ...held, value: "done" });
    return place;
  }

  test("an entry that is set again is not granted again until it is reopened", async () => {
    const place = await completedWork();
    const { namespace } = place;
    await set(server, { ...place, value: "once more" });
    expect(await claim(server, { namespace })).toMatchObject(nothing);
    const head = await headRevision(server);
    expect(await reopen(server, place)).toBe(true);
    expect(await headRevision(server)).toBe(head);
    const taken = await claim(server, { namespace });
    expect(taken).toMatchObject({
      entry: { key: place.key, value: "once more" },
      claim: { attempt: 1 },
    });
    // A worker holds it, so there is nothing to reopen.
    expect(await reopen(server, place)).toBe(false);
    await complete(server, { ...place, token: taken.claim.token });
  });

  test("a set and a reopen in one transaction grant the new value", async () => {
    const place = await completedWork();
    const { results } = await transact(server, {
      operations: [{ set: { ...place, value: "again" } }, { reopen: place }],
    });
    expect(results).toHaveLength(2);
    const taken = await claim(server, { namespace: place.namespace });
    expect(taken.entry.value).toBe("again");
    expect(await get(server, place.key, place.namespace)).toEqual(taken.entry);
  });

  test("does not reopen an entry that is free or does not exist", async () => {
    const { place, held } = await claimedWork(server);
    expect(await reopen(server, place)).toBe(false);
    await complete(server, held);
    expect(await reopen(server, { ...place, key: "none" })).toBe(false);
    expect(await claim(server, { namespace: place.namespace })).toMatchObject(nothing);
  });

  test("G12: a repeat returns the first result, and does not reopen an entry that was completed later", async () => {
    const place = await completedWork();
    const once = { ...place, idempotencyKey: `reopen ${place.namespace}` };
    expect(await reopen(server, once)).toBe(true);
    const { token } = (await claim(server, { namespace: place.namespace })).claim;
    await complete(server, { ...place, token });
    expect(await reopen(server, once)).toBe(true);
    expect(await claim(server, { namespace: place.namespace })).toMatchObject(nothing);
  });

  test("G1: reopens nothing for a token that cannot write there", async () => {
    const place = await completedWork();
    for (const grant of [{ scopes: ["read"] as const }, { namespacePatterns: ["elsewhere"] }]) {
      const { secret } = await server.createToken(grant);
      expect(
        await refusedWhole(server, () => reopen(server, place, { token: secret })),
      ).toMatchObject({ code: "FORBIDDEN" });
    }
    const other = (await server.createToken({ userId: "other" })).secret;
    expect(await reopen(server, place, { token: other })).toBe(false);
    expect(await claim(server, { namespace: place.namespace })).toMatchObject(nothing);
  });
});
