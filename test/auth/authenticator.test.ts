import { once } from "node:events";
import pino from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Authenticator, type Session } from "../../src/auth/authenticator.ts";
import { SharedRuns } from "../../src/auth/shared-runs.ts";
import { createToken } from "../../src/auth/token.ts";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import type { Database, TokenTable } from "../../src/store/contract.ts";
import { plainDatabases } from "../databases.ts";
import type { OwnDatabase } from "../own-database.ts";

describe.each(plainDatabases)("G1: cached tokens on $name", ({ create }) => {
  let own: OwnDatabase;
  /** The table that the authenticator uses, and the one of another process. */
  let here: Database;
  let elsewhere: Database;
  let authenticator: Authenticator;
  /** The authenticator's statements, by the method of the table. */
  let calls: Record<string, number>;

  beforeAll(async () => {
    own = await create();
    const open = () => openDatabase(defaultConfig(own.config), pino({ level: "silent" }));
    here = await open();
    elsewhere = await open();
  });
  afterAll(async () => {
    await here.close();
    await elsewhere.close();
    await own[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    calls = {};
    authenticator = new Authenticator(counted(here.tokens), defaultConfig());
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function counted(table: TokenTable): TokenTable {
    return new Proxy(table, {
      get(target, name: keyof TokenTable) {
        const method = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const result = method.apply(target, args);
          if (result instanceof Promise) calls[name] = (calls[name] ?? 0) + 1;
          return result;
        };
      },
    });
  }

  async function addToken(grant: { agent?: string; expiresAt?: Date } = {}) {
    const { token, secret } = createToken(
      {
        userId: "user",
        agent: null,
        grants: [{ scopes: ["read"], namespacePattern: "*" }],
        expiresAt: null,
        ...grant,
      },
      new Date(),
    );
    await elsewhere.tokens.insert(token);
    return { tokenId: token.tokenId, authorization: `Bearer ${secret}` };
  }

  const admit = async (authorization: string, agent?: string) =>
    authenticator.authenticate({ authorization, agent });

  const refusalOf = async (session: Session): Promise<unknown> => {
    if (!session.ended.aborted) await once(session.ended, "abort");
    return session.ended.reason;
  };

  test("reads a token once, and then authenticates without a statement or a promise", async () => {
    const { authorization } = await addToken();
    const [first, beside] = await Promise.all([admit(authorization), admit(authorization)]);
    expect(beside).toBe(first);
    expect(first.viewer).toMatchObject({
      userId: "user",
      agent: null,
      tokenId: beside.viewer.tokenId,
    });
    expect(calls).toEqual({ version: 1, findByHash: 1 });
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let times = 0; times < 1_000; times++) {
      expect(authenticator.authenticate({ authorization, agent: undefined })).toBe(first);
    }
    expect(calls).toEqual({ version: 1, findByHash: 1 });
  });

  test("accepts a token that ends in a newline; tells a missing token from an authorization of the wrong form", async () => {
    const { authorization } = await addToken();
    await expect(admit(`${authorization}\n`)).resolves.toBe(await admit(authorization));
    for (const none of ["Bearer", "Bearer ", "bearer \n"]) {
      await expect(admit(none)).rejects.toMatchObject({
        code: "UNAUTHENTICATED",
        message: "The authorization has no token after Bearer.",
      });
    }
    for (const wrong of ["Basic abc", "Bearer two words", "token"]) {
      await expect(admit(wrong)).rejects.toMatchObject({
        message: "The authorization is not of the form: Bearer <token>.",
      });
    }
  });

  test("refuses a token immediately when this process revokes it, and ends its sessions", async () => {
    const { authorization, tokenId } = await addToken();
    const other = await addToken();
    const session = await admit(authorization);
    const kept = await admit(other.authorization);
    expect(kept.ended.aborted).toBe(false);
    const ended = refusalOf(session);
    await here.tokens.revoke(tokenId, new Date());
    await expect(admit(authorization)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: "This token was revoked.",
    });
    expect(await ended).toMatchObject({
      code: "UNAUTHENTICATED",
      message: "This token was revoked.",
    });
    expect(kept.ended.aborted).toBe(false);
    expect(await admit(other.authorization)).toBe(kept);
  });

  test("refuses a token within a second after another process revokes it, and at the next check", async () => {
    const { authorization, tokenId } = await addToken();
    const unchecked = await addToken();
    const session = await admit(authorization);
    await admit(unchecked.authorization);
    const ended = refusalOf(session);
    await elsewhere.tokens.revoke(tokenId, new Date());
    await authenticator.checkTokens();
    expect(await ended).toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(admit(authorization)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await elsewhere.tokens.revoke(unchecked.tokenId, new Date());
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_001 });
    await expect(admit(unchecked.authorization)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });

  test.each([
    `UPDATE "Token" SET "revokedAt" = "createdAt" WHERE "tokenId" = `,
    `DELETE FROM "Token" WHERE "tokenId" = `,
  ])("G1: refuses a token after the SQL of another program: %s…", async (statement) => {
    const { authorization, tokenId } = await addToken();
    await admit(authorization);
    await own.execute(`${statement}'${tokenId}'`);
    await authenticator.checkTokens();
    await expect(admit(authorization)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("G9: removes the tokens that ended long ago, and no other tokens", async () => {
    const dayMs = 86_400_000;
    const ago = (days: number) => new Date(Date.now() - days * dayMs);
    const revokedAgo = async (days: number, grant = {}) => {
      const { tokenId } = await addToken(grant);
      await elsewhere.tokens.revoke(tokenId, ago(days));
      return tokenId;
    };
    const valid = await addToken({ expiresAt: ago(-1) });
    const kept = [
      valid.tokenId,
      (await addToken({ expiresAt: ago(29) })).tokenId,
      await revokedAgo(29, { expiresAt: ago(-1) }),
    ];
    const removed = [(await addToken({ expiresAt: ago(31) })).tokenId, await revokedAgo(31)];
    const session = await admit(valid.authorization);
    await here.forgetTokens(30 * dayMs);
    const left = await here.tokens.find([...kept, ...removed]);
    expect(left.map(({ tokenId }) => tokenId).toSorted()).toEqual(kept.toSorted());
    expect(await admit(valid.authorization)).toBe(session);
  });

  test("G1: notices a revocation after a removal, although as many tokens are stored and revoked as before", async () => {
    const { authorization, tokenId } = await addToken();
    const old = await addToken();
    await elsewhere.tokens.revoke(old.tokenId, new Date(0));
    await admit(authorization);
    await elsewhere.forgetTokens(86_400_000);
    await addToken();
    await elsewhere.tokens.revoke(tokenId, new Date());
    await authenticator.checkTokens();
    await expect(admit(authorization)).rejects.toMatchObject({
      message: "This token was revoked.",
    });
  });

  test("G1: a database whose tokens were all removed is not new: its next start creates no token", async () => {
    await addToken();
    await own.execute(`DELETE FROM "Token"`);
    expect(await here.tokens.isEmpty()).toBe(false);
  });

  test("refuses a token from its expiry on, and ends its sessions at the next check", async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { authorization } = await addToken({ expiresAt });
    const session = await admit(authorization);
    const ended = refusalOf(session);
    vi.useFakeTimers({ toFake: ["Date"], now: expiresAt });
    await expect(admit(authorization)).rejects.toMatchObject({
      message: "This token has expired.",
    });
    await authenticator.checkTokens();
    expect(await ended).toMatchObject({ message: "This token has expired." });
  });

  test("G14: many tokens that expire at the same time end in turns, and the uses of others do not wait for them", async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    let inTurn = 0;
    let most = 0;
    let total = 0;
    let totalAtUse: Promise<number> | null = null;
    const other = await addToken();
    const ended: Promise<unknown>[] = [];
    for (let count = 0; count < 40; count++) {
      const session = await admit((await addToken({ expiresAt })).authorization);
      session.ended.addEventListener("abort", () => {
        for (const begin = performance.now(); performance.now() - begin < 5;);
        most = Math.max(most, ++inTurn);
        total++;
        // Two seconds later, a use waits for a check.
        vi.setSystemTime(expiresAt.getTime() + 2_000);
        totalAtUse ??= admit(other.authorization).then(() => total);
      });
      ended.push(refusalOf(session));
    }
    const turns = setInterval(() => (inTurn = 0));
    vi.useFakeTimers({ toFake: ["Date"], now: expiresAt });
    await authenticator.checkTokens();
    clearInterval(turns);
    await Promise.all(ended);
    expect(most).toBeLessThan(20);
    expect(await totalAtUse).toBeLessThan(40);
  });

  test("accepts new subscriptions of a token that only a wrong clock had expired", async () => {
    const { authorization } = await addToken({ expiresAt: new Date(Date.now() + 60_000) });
    const ended = refusalOf(await admit(authorization));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    await expect(admit(authorization)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await authenticator.checkTokens();
    await ended;
    vi.useRealTimers();
    const again = await admit(authorization);
    expect(again.ended.aborted).toBe(false);
    await authenticator.checkTokens();
    expect(again.ended.aborted).toBe(false);
  });

  test("reads only the version of a table that has not changed, regardless of the number of followed tokens", async () => {
    const sessions: Session[] = [];
    for (let count = 0; count < 20; count++) {
      sessions.push(await admit((await addToken()).authorization));
    }
    for (const { ended } of sessions) expect(ended.aborted).toBe(false);
    await authenticator.checkTokens();
    calls = {};
    for (let times = 0; times < 10; times++) await authenticator.checkTokens();
    expect(calls).toEqual({ version: 10 });
  });

  test("gives each agent of a token a separate session, and prefers the token's agent name to the caller's", async () => {
    const { authorization } = await addToken();
    const named = await addToken({ agent: "own" });
    const one = await admit(authorization, "one");
    expect(one.viewer.agent).toBe("one");
    expect((await admit(authorization, "two")).viewer.agent).toBe("two");
    expect(await admit(authorization, "one")).toBe(one);
    await expect(admit(authorization, "a\u0000b")).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
    });
    expect((await admit(named.authorization, "a\u0000b")).viewer.agent).toBe("own");
  });
});

test("checks run one at a time: those that come during a run share the next one, even if the run fails", async () => {
  const ends: ((failure?: Error) => void)[] = [];
  const runs = new SharedRuns(
    () =>
      new Promise((resolve, reject) =>
        ends.push((failure) => (failure ? reject(failure) : resolve())),
      ),
  );
  const first = runs.next();
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  const current = runs.current();
  const second = [runs.next(), runs.next()];
  ends[0]?.(new Error("The run failed."));
  await expect(first).rejects.toThrow("The run failed.");
  await expect(current).rejects.toThrow("The run failed.");
  await vi.waitFor(() => expect(ends).toHaveLength(2));
  ends[1]?.();
  await Promise.all(second);
  void runs.current();
  await vi.waitFor(() => expect(ends).toHaveLength(3));
});
