import { isInputObjectType, isNonNullType } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../src/schema/schema.ts";
import { plainDatabases } from "../databases.ts";
import { claim, get, headRevision, mutate, refusedWhole, transact } from "../operations.ts";
import type { TestServer } from "../server.ts";

/** A mutation: the state before it, an input, and all fields of its payload. */
interface Repeatable {
  readonly before?: readonly object[];
  /** Claims the first entry of the namespace before, for a token. */
  readonly claims?: boolean;
  readonly input: object;
  /** Another input of the same size. */
  readonly other: object;
  readonly fields: string;
}

const entry = "entry { key value metadata revision createdAt updatedAt updatedBy expiresAt }";
const there = [{ set: { key: "k", value: {}, metadata: { a: 1 }, ttlSeconds: 1_000 } }];

const mutations: Record<string, Repeatable> = {
  setEntry: {
    input: { key: "k", value: { revision: "1", createdAt: 2 }, metadata: { expiresAt: "x" } },
    other: { key: "k", value: { revision: "1", createdAt: 3 }, metadata: { expiresAt: "x" } },
    fields: `revision ${entry}`,
  },
  setEntries: {
    input: {
      entries: [
        { key: "k", value: 1 },
        { key: "l", value: null, ttlSeconds: 9 },
      ],
    },
    other: {
      entries: [
        { key: "k", value: 1 },
        { key: "l", value: null },
      ],
    },
    fields: "revision entries { key value revision expiresAt }",
  },
  createEntry: {
    input: { keyPrefix: "e:", value: { revision: "1" }, metadata: { a: 1 } },
    other: { keyPrefix: "f:", value: { revision: "1" }, metadata: { a: 1 } },
    fields: `revision ${entry}`,
  },
  deleteEntries: {
    before: there,
    input: { keys: ["k", "l"] },
    other: { keys: ["k"] },
    fields: "revision deletedCount deletedKeys",
  },
  deleteEntry: {
    before: there,
    input: { key: "k" },
    other: { key: "other" },
    fields: "revision deleted",
  },
  incrementEntry: {
    before: there,
    input: { key: "k", path: "/n", by: 2 },
    other: { key: "k", path: "/n" },
    fields: `revision ${entry}`,
  },
  patchEntry: {
    before: there,
    input: { key: "k", patch: { a: null, b: 1 } },
    other: { key: "k", patch: { b: 1 } },
    fields: `revision ${entry}`,
  },
  appendToEntry: {
    input: { key: "k", value: null },
    other: { key: "k", value: null, maxLength: 1 },
    fields: `revision ${entry}`,
  },
  clearNamespace: {
    before: there,
    input: {},
    other: { namespace: "other" },
    fields: "revision clearedCount",
  },
  clearNamespaces: {
    before: there,
    input: { namespacePrefix: "" },
    other: { namespacePrefix: "x" },
    fields: "revision clearedCount namespaces",
  },
  transact: {
    before: there,
    input: {
      conditions: [{ key: "k", exists: true }],
      operations: [{ increment: { key: "n" } }, { delete: { key: "k" } }, { clear: {} }],
    },
    other: {
      conditions: [{ key: "k", exists: true }],
      operations: [{ increment: { key: "n" } }, { clear: {} }, { delete: { key: "k" } }],
    },
    fields: `revision results { ${entry} deleted clearedCount }`,
  },
  claimEntry: {
    before: there,
    input: { keyPrefix: "k" },
    other: { keyPrefix: "" },
    fields: `revision ${entry} claim { token expiresAt attempt }`,
  },
  completeClaim: {
    before: there,
    claims: true,
    input: { key: "k", value: null, operations: [{ increment: { key: "n" } }] },
    other: { key: "k", operations: [{ increment: { key: "n" } }] },
    fields: `revision ${entry} results { ${entry} }`,
  },
  renewClaim: {
    before: there,
    claims: true,
    input: { key: "k", leaseSeconds: 7 },
    other: { key: "k", leaseSeconds: 8 },
    fields: "revision claim { token expiresAt attempt }",
  },
  releaseClaim: {
    before: there,
    claims: true,
    input: { key: "k" },
    other: { key: "k", delaySeconds: 9 },
    fields: "revision claimableAt deadLettered",
  },
  failClaim: {
    before: there,
    claims: true,
    input: { key: "k", error: { message: "why" } },
    other: { key: "k", error: { message: "who" } },
    fields: "revision claimableAt deadLettered",
  },
  reopenEntry: {
    before: there,
    input: { key: "k" },
    other: { key: "l" },
    fields: "revision reopened",
  },
  revokeClaim: {
    before: [...there, { set: { key: "l", value: 1 } }],
    input: { key: "k" },
    other: { key: "l" },
    fields: "revision revoked",
  },
  requeueEntry: {
    before: there,
    input: { key: "k" },
    other: { key: "l" },
    fields: "revision requeued",
  },
};

test("every mutation of the store has an idempotencyKey, and is tested here", () => {
  const all = Object.entries(schema.getMutationType()?.getFields() ?? {});
  // Those of tokens write nothing to the store, and a token's secret is not kept for a repeat.
  const fields = Object.fromEntries(all.filter(([name]) => !name.endsWith("Token")));
  for (const { name, args } of Object.values(fields)) {
    const type = args[0]?.type;
    const input = isNonNullType(type) ? type.ofType : type;
    expect(isInputObjectType(input) && Object.keys(input.getFields()), name).toContain(
      "idempotencyKey",
    );
  }
  expect(Object.keys(mutations).sort()).toEqual(Object.keys(fields).sort());
});

describe.each(plainDatabases)("repeated mutations on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  test.each(Object.entries(mutations))(
    "%s: a repeat returns the first result, regardless of later writes, and writes nothing",
    async (mutation, { before = [], claims = false, input, other, fields }) => {
      const user = {
        url: server.url,
        token: (await server.createToken({ userId: mutation })).secret,
      };
      await transact(user, { operations: before });
      const held = claims ? { token: (await claim(user, {})).claim.token } : {};
      const send = (asked: object) => {
        const sent = { ...asked, ...held, idempotencyKey: "once" };
        return mutate(user, mutation, fields, sent, { agent: "sender" });
      };
      const first = await send(input);
      expect(await send(input)).toEqual(first);
      await transact(user, {
        operations: [{ clear: {} }, { set: { key: "k", value: "changed since" } }],
      });
      const head = await headRevision(user);
      expect(await send(input)).toEqual(first);
      expect(await headRevision(user)).toBe(head);
      expect(await refusedWhole(user, () => send(other))).toEqual({
        code: "BAD_USER_INPUT",
        argument: "input.idempotencyKey",
      });
      expect(await send(input)).toEqual(first);
      expect((await get(user, "k"))?.value).toBe("changed since");
    },
  );
});
