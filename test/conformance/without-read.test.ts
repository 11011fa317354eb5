import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusal, Refusal, request, socketClient, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { claim, complete, fail, get, increment, remove, set } from "../operations.ts";
import type { TestServer } from "../server.ts";

const maxBytes = 2_000;
/** Within a limit, but beyond it with any addition. */
const almostFull = "x".repeat(maxBytes - 2);

/** The values of the entry that a token without the scope read writes to, one test entry for each. */
const stored: Record<string, unknown> = {
  number: 42,
  "another number": 9e15,
  string: "secret",
  "short array": [1],
  "long array": [1, 2, 3, 4],
  object: { a: { b: "text" } },
  "object with a number": { a: { b: 1 } },
  null: null,
  "large string": almostFull,
  "large array": [almostFull.slice(2)],
  "large object": { a: almostFull.slice(8) },
};

/** Writes whose refusal depends on the stored value. */
const writes: Record<string, object> = {
  "increment by a fraction": { increment: { by: 0.5 } },
  "increment within": { increment: { path: "/a/b" } },
  "increment an item": { increment: { path: "/2" } },
  append: { append: { value: "item" } },
  "patch a member": { patch: { patch: { new: "member" } } },
  "metadata that is merged": { set: { value: 1, metadata: { n: "x".repeat(100) } } },
  "increments that write too much": { increment: { by: 1 }, times: 1000 },
  "set at a revision": { set: { value: 1, ifRevision: "7" } },
  "delete at a revision": { delete: { ifRevision: "7" } },
};

describe.each(plainDatabases)("a token without the scope read on $name", ({ start }) => {
  let server: TestServer;
  let token: string;
  let users = 0;
  beforeAll(async () => {
    server = await start({
      maxValueBytes: maxBytes,
      maxMetadataBytes: maxBytes,
      maxResponseBytes: 1_000_000,
      maxClearedNamespaces: 1,
    });
    token = (await server.createToken({ scopes: ["write"] })).secret;
  });
  afterAll(() => server.close());

  /** The response to a mutation over HTTP and over a WebSocket; null if it was applied. */
  async function refusals(document: string, variables: object): Promise<(string | null)[]> {
    const given = variables as Record<string, unknown>;
    const { errors = [] } = await request(server.url, token, document, given);
    const client = socketClient(server.url, { authorization: `Bearer ${token}` });
    const event = await subscribeOn(client, document, given)
      .next()
      .catch((error: unknown) => error);
    await client.dispose();
    const ofSocket =
      event instanceof Refusal ? [{ message: event.message, ...event.extensions }] : [];
    return [
      ...errors.map(({ message, extensions }) =>
        JSON.stringify({ message: `${extensions.code}: ${message}`, ...extensions }),
      ),
      ...ofSocket.map((error) => JSON.stringify(error)),
      ...(errors.length + ofSocket.length === 0 ? [null] : []),
    ];
  }

  const transact = `mutation ($input: TransactInput!) { transact(input: $input) { revision } }`;

  test.each(Object.entries(writes))(
    "G1: %s is refused in the same way, regardless of the stored value",
    async (_name, { times = 1, ...operation }: Record<string, any>) => {
      const namespace = "refused";
      const seen = new Set<string | null>();
      for (const [name, value] of Object.entries(stored)) {
        await set(server, { namespace, key: "k", value, metadata: { m: almostFull.slice(8) } });
        const [kind, input] = Object.entries(operation)[0] as [string, object];
        const one = { [kind]: { namespace, key: "k", ...input } };
        const operations = Array.from({ length: times }, () => one);
        for (const refused of await refusals(transact, { input: { operations } })) {
          seen.add(refused);
          if (refused === null) continue;
          expect(refused, name).not.toMatch(/secret|42|9e15|900000|array|object|string|number/);
        }
      }
      seen.delete(null);
      // Some of the stored values refuse the write. All of these refusals are equal.
      expect([...seen]).toHaveLength(1);
      await remove(server, { namespace, key: "k" });
    },
  );

  test("G1: a condition that does not hold reveals nothing about the stored value", async () => {
    const seen = new Set<string | null>();
    for (const value of [undefined, 1, "other"]) {
      if (value !== undefined) await set(server, { namespace: "met", key: "k", value });
      const conditions = [{ namespace: "met", key: "k", revision: "123456" }];
      for (const refused of await refusals(transact, { input: { conditions, operations: [] } })) {
        seen.add(refused);
      }
    }
    expect([...seen].map((text) => JSON.parse(text ?? "null"))).toEqual([
      {
        message: expect.stringMatching(/^CONFLICT: /),
        code: "CONFLICT",
        argument: "input.conditions.0",
        namespace: "met",
        key: "k",
      },
    ]);
  });

  test("G1: an ended claim reveals nothing else, regardless of what happened to the entry", async () => {
    const namespace = "work";
    const seen = new Set<string | null>();
    const renew = `mutation ($input: RenewClaimInput!) { renewClaim(input: $input) { revision } }`;
    const lose = async () => {
      const input = { namespace, key: "k", token: "of a claim that is over" };
      for (const refused of await refusals(renew, { input })) seen.add(refused);
    };
    await lose();
    await set(server, { namespace, key: "k", value: 1 });
    await lose();
    const { claim: held } = await claim(server, { namespace });
    await lose();
    await complete(server, { namespace, key: "k", token: held.token });
    await lose();
    await set(server, { namespace, key: "l", value: 1 });
    const { claim: other } = await claim(server, { namespace });
    await fail(server, { namespace, key: "l", token: other.token, retry: false });
    await lose();
    expect([...seen].map((text) => JSON.parse(text ?? "null"))).toEqual([
      {
        message: expect.stringMatching(/^CLAIM_LOST: /),
        code: "CLAIM_LOST",
        argument: "input.token",
        namespace,
        key: "k",
      },
    ]);
  });

  test("G1: does not count the namespaces for it if there are too many to clear", async () => {
    const clear = `mutation ($input: ClearNamespacesInput!) { clearNamespaces(input: $input) { revision } }`;
    const seen = new Set<string | null>();
    for (const name of ["many:1", "many:2", "many:3"]) {
      await set(server, { namespace: name, key: "k", value: 1 });
      if (name === "many:1") continue;
      const input = { namespacePrefix: "many:" };
      for (const refused of await refusals(clear, { input })) seen.add(refused);
    }
    expect(seen.size).toBe(1);
    expect([...seen][0]).not.toMatch(/\d/);
  });

  test("G12: the idempotency key of another grant neither blocks a call nor is revealed", async () => {
    const userId = `user ${++users}`;
    const as = async (grant: object) => ({
      url: server.url,
      token: (await server.createToken({ userId, ...grant })).secret,
    });
    const owner = await as({});
    const narrow = await as({ namespacePatterns: ["pipeline:*"] });
    const input = { namespace: "pipeline:1", key: "n", idempotencyKey: "shared" };
    expect((await increment(narrow, input)).entry.value).toBe(1);
    // Another call of the owner with this key, and the same call: each is separate.
    await set(owner, { namespace: "elsewhere", key: "k", value: 1, idempotencyKey: "shared" });
    await set(owner, { namespace: "elsewhere", key: "k", value: 2, idempotencyKey: "owner's" });
    for (const key of ["owner's", "unused"]) {
      await set(narrow, { ...input, key, value: 1, idempotencyKey: key });
      expect((await get(owner, key, "pipeline:1"))?.value).toBe(1);
    }
    // Each returns the result of the same caller's call.
    expect((await increment(narrow, input)).entry.value).toBe(1);
    const again = { namespace: "elsewhere", key: "k", value: 1, idempotencyKey: "shared" };
    expect((await set(owner, again)).entry.value).toBe(1);
    expect((await get(owner, "k", "elsewhere"))?.value).toBe(2);
    const other = await refusal(set(narrow, { ...input, value: 5 }));
    expect(other.extensions).toEqual({
      code: "BAD_USER_INPUT",
      argument: "input.idempotencyKey",
    });
    expect(other.message).toContain('"shared" was used');
    // A token with the same grants, for example its replacement, has the same keys.
    const replaced = await as({ namespacePatterns: ["pipeline:*"] });
    expect((await increment(replaced, input)).entry.value).toBe(1);
    const blind = await as({ scopes: ["write"] });
    const answered = await request(
      server.url,
      blind.token,
      `mutation { setEntry(input: { namespace: "elsewhere", key: "k", value: 3, idempotencyKey: "shared" }) { revision } }`,
    );
    expect(answered.errors).toBeUndefined();
  });
});
