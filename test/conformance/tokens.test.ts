import pino from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AuditLog } from "../../src/auth/audit-log.ts";
import { createToken } from "../../src/auth/token.ts";
import { forbidden } from "../../src/errors.ts";
import type { Grant, Scope } from "../../src/store/model/grant.ts";
import { query, refusal, request, socketClient, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { LogLines } from "../log-lines.ts";
import { get, mutate, set } from "../operations.ts";
import type { TestServer } from "../server.ts";

const grant = (namespacePattern: string, ...scopes: Scope[]): Grant => ({
  scopes,
  namespacePattern,
});

/** Fewer than one of the users has tokens. */
const maxExaminedItems = 100;

/** More than every other test creates for one user through the API. */
const maxUserTokens = 60;

/** The grant in the form of GraphQL. */
const sent = (namespacePattern: string, ...scopes: string[]) => ({ namespacePattern, scopes });

const isMatch = (line: Record<string, unknown>, wanted: object) =>
  Object.entries(wanted).every(([name, value]) => line[name] === value);

test("a line at the end of the minute has the number of refusals that were left out", () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const audit = new AuditLog(pino({}, { write }));
  const refuse = () =>
    audit.refused({ call: "tokens" }, { userId: "u", agent: null, by: "tok_1" }, forbidden("no"));
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  for (let times = 0; times < 13; times++) refuse();
  vi.advanceTimersByTime(60_000);
  refuse();
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  expect(lines.map(({ omitted }) => omitted)).toEqual([...Array(10), 3, undefined]);
  expect(lines[10]).toMatchObject({ audit: "token.refused", user: "u" });
});

describe.each(plainDatabases)("tokens through the API on $name", ({ start }) => {
  const lines = new LogLines();
  let server: TestServer;
  beforeAll(async () => {
    server = await start(
      { maxExaminedItems, maxUserTokens },
      pino({ level: "info" }, lines.stream),
    );
  });
  afterAll(() => server.close());

  type As = { readonly token: string };
  const as = async (...grants: Grant[]): Promise<As & { readonly tokenId: string }> => {
    const { secret, tokenId } = await server.createToken({ grants });
    return { token: secret, tokenId };
  };
  const create = (input: object, caller?: As) =>
    mutate(
      server,
      "createToken",
      "secret token { tokenId agent grants { scopes namespacePattern } createdAt expiresAt revokedAt }",
      input,
      caller,
    );
  const revoke = async (tokenId: string, caller?: As) =>
    (await mutate(server, "revokeToken", "token { tokenId revokedAt }", { tokenId }, caller)).token;
  const list = async (args: string, caller: As) =>
    (
      await query(
        server,
        `{ tokens(${args}) { nodes { tokenId } pageInfo { hasNextPage endCursor } } }`,
        {},
        caller,
      )
    ).tokens;
  const auditOf = (audit: string, tokenId: string) =>
    lines.find((line) => line.audit === audit && line.tokenId === tokenId);

  test("an admin creates, lists and revokes tokens, and each change is a line of the log without the secret", async () => {
    const admin = await as(grant("*", "read", "admin"));
    const { secret, token } = await create(
      { grants: [sent("files:*", "READ")], agent: "reader", expiresInSeconds: 60 },
      admin,
    );
    expect(token).toMatchObject({
      agent: "reader",
      grants: [sent("files:*", "READ")],
      revokedAt: null,
    });
    expect(Date.parse(token.expiresAt) - Date.parse(token.createdAt)).toBe(60_000);
    const { viewer } = await query(
      server,
      "{ viewer { user agent scopes } }",
      {},
      { token: secret },
    );
    expect(viewer).toEqual({ user: "local", agent: "reader", scopes: ["READ"] });
    const { nodes } = await list("first: 100", admin);
    expect(nodes).toContainEqual({ tokenId: token.tokenId });

    const { revokedAt } = await revoke(token.tokenId, admin);
    expect(revokedAt).not.toBeNull();
    expect((await revoke(token.tokenId, admin)).revokedAt).toBe(revokedAt);
    expect((await request(server.url, secret, "{ viewer { user } }")).status).toBe(401);
    expect(await auditOf("token.created", token.tokenId)).toMatchObject({
      user: "local",
      by: admin.tokenId,
      tokenAgent: "reader",
      grants: ["read files:*"],
      expiresAt: token.expiresAt,
    });
    expect(await auditOf("token.revoked", token.tokenId)).toMatchObject({ by: admin.tokenId });
    expect(JSON.stringify(lines.all)).not.toContain(secret);
  });

  test.each<[string, Grant[], object[], string]>([
    ["without admin", [grant("*", "read", "write")], [sent("*", "READ")], "admin"],
    ["a scope that it lacks", [grant("*", "read", "admin")], [sent("*", "WRITE")], "write"],
    ["a wider namespace", [grant("files:*", "read", "admin")], [sent("files", "READ")], "admin"],
    [
      "a scope from another namespace",
      [grant("*", "admin"), grant("files:*", "read")],
      [sent("files:*", "READ"), sent("*", "READ")],
      "read",
    ],
    ["admin of more", [grant("files:*", "admin", "read")], [sent("*", "ADMIN")], "admin"],
  ])(
    "G1: a token cannot grant more than it has: %s",
    async (name, grants, asked, requiredScope) => {
      const { secret, tokenId: by } = await server.createToken({ userId: name, grants });
      const caller = { token: secret };
      const { extensions } = await refusal(create({ grants: asked }, caller));
      expect(extensions).toMatchObject({ code: "FORBIDDEN", requiredScope });
      expect(await lines.find((line) => line.by === by)).toMatchObject({
        audit: "token.refused",
        level: pino.levels.values.warn,
        call: "createToken",
        grants: asked.map(() => expect.any(String)),
        code: "FORBIDDEN",
        requiredScope,
      });
    },
  );

  test("G1: an admin of some namespaces creates, sees and revokes only tokens within them", async () => {
    const admin = await as(grant("part:*", "read", "write", "admin"), grant("*", "read"));
    const within = await create(
      { grants: [sent("part:a*", "READ"), sent("part:b", "WRITE", "READ")] },
      admin,
    );
    const beyond = await as(grant("part:a", "read"), grant("other", "read"));
    const { nodes } = await list("first: 500", admin);
    expect(nodes).toContainEqual({ tokenId: within.token.tokenId });
    expect(nodes).not.toContainEqual({ tokenId: beyond.tokenId });
    expect((await refusal(revoke(beyond.tokenId, admin))).code).toBe("FORBIDDEN");
    await revoke(within.token.tokenId, admin);
  });

  test("G1: the tokens of another user are not visible", async () => {
    const other = await server.createToken({ userId: "other", grants: [grant("*", "admin")] });
    const mine = await as(grant("*", "read"));
    const refused = await refusal(revoke(mine.tokenId, { token: other.secret }));
    expect(refused.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "input.tokenId" });
    expect((await list("first: 100", { token: other.secret })).nodes).toEqual([
      { tokenId: other.tokenId },
    ]);
    const unknown = await refusal(revoke("tok_0", { token: other.secret }));
    expect(unknown.message).toBe(refused.message.replace(mine.tokenId, "tok_0"));
  });

  test("G1: a call that is not permitted is a line of the log, with its token and the refused one", async () => {
    const admin = await as(grant("part:*", "read", "admin"));
    const beyond = await as(grant("other", "read"));
    const refusedOf = (wanted: object) =>
      lines.find((line) => line.audit === "token.refused" && isMatch(line, wanted));
    await refusal(revoke(beyond.tokenId, admin));
    expect(await refusedOf({ call: "revokeToken", by: admin.tokenId })).toMatchObject({
      user: "local",
      tokenId: beyond.tokenId,
      code: "FORBIDDEN",
    });
    await refusal(create({ grants: [sent("part:*", "READ"), sent("*", "READ")] }, admin));
    expect(await refusedOf({ call: "createToken", by: admin.tokenId })).toMatchObject({
      grants: ["read part:*", "read *"],
    });
    const long = "y".repeat(5_000);
    await refusal(revoke(long, admin));
    expect(await refusedOf({ tokenId: long.slice(0, 100), code: "BAD_USER_INPUT" })).toBeDefined();
    const reader = await as(grant("*", "read"));
    await refusal(list("first: 1", reader));
    await refusedOf({ call: "tokens", by: reader.tokenId });
  });

  test("G9: the refused calls of one user are at most ten lines in a minute, and another user's are not lost", async () => {
    const grants = [grant("*", "read")];
    const many = await server.createToken({ userId: "flooding", grants });
    const few = await server.createToken({ userId: "refused once", grants });
    const refusals = Array.from({ length: 12 }, () =>
      refusal(revoke("tok_1", { token: many.secret })),
    );
    await Promise.all(refusals);
    await refusal(revoke("tok_1", { token: few.secret }));
    await lines.find((line) => line.by === few.tokenId);
    expect(lines.all.filter(({ by }) => by === many.tokenId)).toHaveLength(10);
  });

  test("G9: pages the list in the order of creation, and accepts only its own cursors", async () => {
    const admin = await server.createToken({
      userId: "paged",
      grants: [grant("*", "admin", "read")],
    });
    const caller = { token: admin.secret };
    const made = [admin.tokenId];
    for (let index = 0; index < 3; index++) {
      made.push((await create({ grants: [sent("*", "READ")] }, caller)).token.tokenId);
    }
    const seen: string[] = [];
    let after = "";
    for (;;) {
      const { nodes, pageInfo } = await list(`first: 2${after}`, caller);
      seen.push(...nodes.map(({ tokenId }: { tokenId: string }) => tokenId));
      if (!pageInfo.hasNextPage) break;
      after = `, after: "${pageInfo.endCursor}"`;
    }
    // Two tokens of the same millisecond are in the order of their ids.
    expect(seen.toSorted()).toEqual(made.toSorted());
    expect(seen[0]).toBe(admin.tokenId);
    for (const cursor of ["x", Buffer.from('["1","2"]').toString("base64url")]) {
      expect((await refusal(list(`after: "${cursor}"`, caller))).extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        argument: "after",
      });
    }
    expect((await refusal(list("first: 501", caller))).code).toBe("LIMIT_EXCEEDED");
  });

  test("G14: a page examines a bounded number of tokens, and continues after the last one", async () => {
    const userId = "crowded";
    const grants = [grant("files:*", "admin", "read")];
    const admin = { token: (await server.createToken({ userId, grants })).secret };
    const beyond = { userId, agent: null, grants: [grant("other", "read")], expiresAt: null };
    const now = Date.now();
    const tokens = Array.from(
      { length: 2 * maxExaminedItems + 10 },
      (_, index) => createToken(beyond, new Date(now + index)).token,
    );
    await server.withDatabase(async (database) => {
      for (const token of tokens) await database.tokens.insert(token);
    });
    const last = createToken({ ...beyond, grants }, new Date(now + tokens.length)).token;
    await server.withDatabase((database) => database.tokens.insert(last));

    const pages = [await list("first: 1", admin)];
    while (pages.at(-1).pageInfo.hasNextPage) {
      pages.push(await list(`first: 1, after: "${pages.at(-1).pageInfo.endCursor}"`, admin));
    }
    const seen = pages.map(({ nodes }) => nodes.length);
    expect(seen).toEqual([1, 0, 1]);
    expect(pages.at(-1).nodes).toEqual([{ tokenId: last.tokenId }]);
    const aliases = Array.from(
      { length: 30 },
      (_, index) => `a${index}: tokens { nodes { tokenId } }`,
    );
    expect((await refusal(query(server, `{ ${aliases.join(" ")} }`, {}, admin))).code).toBe(
      "LIMIT_EXCEEDED",
    );
  });

  test("G9: createToken refuses a further valid token of a user, and does not count revoked and expired ones", async () => {
    const userId = "many";
    const token = { userId, agent: null, grants: [grant("*", "read")] };
    const now = Date.now();
    const insert = async (count: number, expiresAt: Date | null) => {
      const tokens = Array.from(
        { length: count },
        () => createToken({ ...token, expiresAt }, new Date(now)).token,
      );
      await server.withDatabase(async (database) => {
        for (const one of tokens) await database.tokens.insert(one);
      });
    };
    const admin = await server.createToken({ userId, grants: [grant("*", "admin", "read")] });
    const caller = { token: admin.secret };
    await insert(maxUserTokens, new Date(now - 1));
    await insert(20, new Date(now + 600_000));
    await insert(maxUserTokens - 22, null);
    const input = { grants: [sent("*", "READ")] };
    const { token: last } = await create({ ...input, expiresInSeconds: 600 }, caller);
    const { code, extensions } = await refusal(create(input, caller));
    expect(code).toBe("LIMIT_EXCEEDED");
    expect(extensions).toMatchObject({ limit: "maxUserTokens", max: maxUserTokens });
    // The operator's command has no limit.
    const more = await server.createToken({ userId });
    await revoke(last.tokenId, caller);
    expect((await refusal(create(input, caller))).code).toBe("LIMIT_EXCEEDED");
    await revoke(more.tokenId, caller);
    await create(input, caller);
  });

  test.each<[string, object, string, string]>([
    ["no grant", { grants: [] }, "BAD_USER_INPUT", "input.grants"],
    ["no scope", { grants: [sent("*")] }, "BAD_USER_INPUT", "input.grants.0.scopes"],
    [
      "a * inside",
      { grants: [sent("a*b", "READ")] },
      "BAD_USER_INPUT",
      "input.grants.0.namespacePattern",
    ],
    [
      "no pattern",
      { grants: [sent("", "READ")] },
      "BAD_USER_INPUT",
      "input.grants.0.namespacePattern",
    ],
    [
      "a long pattern",
      { grants: [sent("x".repeat(300), "READ")] },
      "LIMIT_EXCEEDED",
      "input.grants.0.namespacePattern",
    ],
    [
      "many grants",
      { grants: Array(101).fill(sent("*", "READ")) },
      "LIMIT_EXCEEDED",
      "input.grants",
    ],
    [
      "an agent without a name",
      { grants: [sent("*", "READ")], agent: "" },
      "BAD_USER_INPUT",
      "input.agent",
    ],
    [
      "an expiry in the past",
      { grants: [sent("*", "READ")], expiresInSeconds: 0 },
      "BAD_USER_INPUT",
      "input.expiresInSeconds",
    ],
  ])("G10: refuses %s", async (_case, input, code, argument) => {
    expect((await refusal(create(input))).extensions).toMatchObject({ code, argument });
  });

  test("rotation: an agent changes to a new token while it writes and subscribes, and misses nothing", async () => {
    const grants = [sent("rotation", "READ", "WRITE")];
    const before = await create({ grants, agent: "worker" });
    const head = (await query(server, "{ viewer { headRevision } }")).viewer.headRevision;
    const follow = (secret: string, after: string) =>
      subscribeOn(
        socketClient(server.url, { authorization: `Bearer ${secret}` }),
        `subscription { entryChanged(namespace: "rotation", after: "${after}") { revision entry { value updatedBy } } }`,
      );
    await using old = follow(before.secret, head);
    const write = (value: number, token: string) =>
      set(server, { namespace: "rotation", key: "k", value }, { token });
    await write(1, before.secret);
    const first = await old.next();

    // 1. Create a second token with the same grants and agent. Both are valid.
    const after = await create({ grants, agent: "worker" });
    await write(2, before.secret);
    await write(3, after.secret);
    // 2. The agent continues with it, from the last revision that it has received.
    await using renewed = follow(after.secret, first.revision);
    // 3. Revoke the first token. Its remaining sessions fail with that reason.
    await revoke(before.token.tokenId);
    await write(4, after.secret);
    expect((await refusal(write(5, before.secret))).code).toBe("UNAUTHENTICATED");
    expect((await refusal(old.take(9))).code).toBe("UNAUTHENTICATED");
    const values = (await renewed.take(3)).map(({ entry }) => [entry.value, entry.updatedBy]);
    expect(values).toEqual([
      [2, "worker"],
      [3, "worker"],
      [4, "worker"],
    ]);
    expect((await get(server, "k", "rotation"))?.value).toBe(4);
  });
});
