import { setImmediate as turn } from "node:timers/promises";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Database } from "../../src/store/contract.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { unauthenticated } from "../../src/errors.ts";
import { pollHeads } from "../../src/feed/head-poll.ts";
import type { AwaitEntryInput, FeedSession } from "../../src/feed/feed.ts";
import { commandOf } from "../../src/store/commit/command.ts";
import { deleteCommand, setCommand } from "../commands.ts";
import { plainDatabases } from "../databases.ts";
import type { OwnDatabase } from "../own-database.ts";
import { expire } from "../time.ts";
import { feedInstance, sessionOf } from "./feed-instance.ts";

const place = { namespace: "default", key: "k" };

describe.each(plainDatabases)("awaitEntry on $name, below the API", ({ name, create }) => {
  let own: OwnDatabase;
  let database: Database;
  /** The number of calls of the database since the last check, by name. */
  let calls: Record<string, number> = {};
  /** Calls that the database has not answered yet. */
  let pending = 0;
  let users = 0;
  beforeAll(async () => {
    own = await create();
    const config = defaultConfig({ ...own.config, sqliteSynchronous: "normal" });
    const opened = await openDatabase(config, pino({ level: "silent" }));
    database = new Proxy(opened, {
      get(target, name) {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          calls[String(name)] = (calls[String(name)] ?? 0) + 1;
          const result = (member as (...args: unknown[]) => unknown).apply(target, args);
          if (!(result instanceof Promise)) return result;
          pending += 1;
          return result.finally(() => (pending -= 1));
        };
      },
    });
  });
  afterAll(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  /** One instance, and another process that writes without notifying it. */
  function instance() {
    const userId = `user ${++users}`;
    const { hub, feed, here, elsewhere } = feedInstance(database, {
      maxItems: 100,
      maxBytes: 10_000,
    });
    const session = sessionOf(userId);
    const wait = (more: Partial<AwaitEntryInput & FeedSession & { closed: AbortSignal }> = {}) =>
      feed.awaitEntry(
        { ...session, ...more },
        { ...place, timeoutSeconds: 60, ...more },
        more.closed ?? null,
      );
    return { userId, hub, feed, here, elsewhere, wait };
  }

  /** Resolves when all callers have read and are waiting: the database has had no call for a while. */
  async function untilQuiet(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 3; quietTurns++) {
      const before = Object.values(calls).reduce((sum, count) => sum + count, 0);
      for (let turns = 0; turns < 20; turns++) await turn();
      await database.readLogEnds("unknown");
      const now = Object.values(calls).reduce((sum, count) => sum + count, 0);
      if (now !== before + 1 || pending > 0) quietTurns = -1;
    }
  }

  // Each caller reads twice from the database when it starts, and PostgreSQL is slower.
  const callers = name === "SQLite" ? 10_000 : 1_000;

  test(`G9: ${callers} callers wait without reading from the database, and one set ends all waits`, async () => {
    const { userId, hub, here, wait } = instance();
    calls = {};
    const waits: ReturnType<typeof wait>[] = [];
    while (waits.length < callers) {
      for (let count = 0; count < 100; count++) waits.push(wait());
      while ((calls.readEntry ?? 0) < waits.length) await turn();
    }
    await untilQuiet();
    calls = {};
    for (let turns = 0; turns < 100; turns++) await turn();
    expect(calls).toEqual({});
    // The poll for writes of other processes reads once for all callers.
    await pollHeads(database, hub);
    expect(calls).toEqual({ readHeads: 1 });
    await here.submit(setCommand(userId, { namespace: "default", key: "other" }));
    calls = {};
    await here.submit(setCommand(userId, place, '"woken"'));
    const entries = await Promise.all(waits);
    expect(entries.filter((entry) => entry?.value !== '"woken"')).toEqual([]);
    expect(calls).toEqual({ write: 1 });
    expect(hub.userIds).toEqual([]);
  });

  test("G14: one set ends many waits in turns", async () => {
    const { userId, here, wait } = instance();
    let inTurn = 0;
    let most = 0;
    const respond = () => {
      for (const begin = performance.now(); performance.now() - begin < 0.5;);
      most = Math.max(most, ++inTurn);
    };
    calls = {};
    const waits = Array.from({ length: 200 }, () => wait().then(respond));
    while ((calls.readEntry ?? 0) < waits.length) await turn();
    await untilQuiet();
    let isOver = false;
    const count = () => {
      inTurn = 0;
      if (!isOver) setImmediate(count);
    };
    count();
    await here.submit(setCommand(userId, place));
    await Promise.all(waits);
    isOver = true;
    expect(most).toBeLessThan(40);
  });

  test("ends the wait of a caller that disconnects, reaches its timeout, or loses its token", async () => {
    const { hub, wait } = instance();
    calls = {};
    const left = new AbortController();
    const gone = wait({ closed: left.signal });
    const timed = wait({ timeoutSeconds: 0 });
    const token = new AbortController();
    const revoked = wait({ ended: token.signal });
    const stopped = wait();
    expect(await timed).toBeNull();
    // A caller that has read is attached.
    while ((calls.readEntry ?? 0) < 4) await turn();
    left.abort();
    expect(await gone).toBeNull();
    token.abort(unauthenticated("It was revoked."));
    await expect(revoked).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(hub.userIds.length).toBe(1);
    hub.close();
    await expect(stopped).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(hub.userIds).toEqual([]);
    const already = AbortSignal.abort();
    expect(await wait({ closed: already })).toBeNull();
    await expect(wait()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(hub.userIds).toEqual([]);
  });

  test("does not end a wait for an entry that was removed before the wait began, even if the hub learns of it later", async () => {
    const { userId, hub, feed, elsewhere, wait } = instance();
    // Another subscription: through it the hub has read this log up to the start of the wait.
    const other = await feed.subscribe(sessionOf(userId), {});
    const received: string[] = [];
    const done = other.deliver({
      render: ({ kind }) => kind,
      shared: { key: "kind", render: ({ kind }) => kind },
      sink: {
        send: (kind) => received.push(kind),
        cork: () => {},
        uncork: () => {},
        isFull: false,
        drained: async () => {},
      },
    });
    await untilQuiet();
    await elsewhere.submit(setCommand(userId, place, '"old"'));
    const { revision } = await elsewhere.submit(deleteCommand(userId, place));
    const waiting = wait();
    await untilQuiet();
    hub.noticeHead(userId, revision);
    await untilQuiet();
    expect(received).toEqual(["SET", "DELETED"]);
    await elsewhere.submit(setCommand(userId, place, '"new"'));
    await pollHeads(database, hub);
    expect((await waiting)?.value).toBe('"new"');
    other.close();
    await done;
  });

  test("G8: an entry that expires before the hub learns of it does not end the wait", async () => {
    const { userId, hub, elsewhere, wait } = instance();
    const key = `expires ${userId}`;
    const waiting = wait({ key });
    await untilQuiet();
    const [set] = setCommand(userId, { namespace: "default", key }, '"short"').operations;
    const caller = { userId, agent: null, mayRead: true };
    await elsewhere.submit(commandOf(caller, [{ ...set, ttlSeconds: 1_000 } as never]));
    await expire(own, key);
    await pollHeads(database, hub);
    await untilQuiet();
    await elsewhere.submit(setCommand(userId, { namespace: "default", key }, '"long"'));
    await pollHeads(database, hub);
    expect((await waiting)?.value).toBe('"long"');
  });

  test("misses no write that happens while the wait begins", async () => {
    for (let turnsBefore = 0; turnsBefore < 30; turnsBefore++) {
      const { userId, here, wait } = instance();
      const waiting = wait();
      for (let turns = 0; turns < turnsBefore; turns++) await turn();
      const { revision } = await here.submit(setCommand(userId, place));
      expect((await waiting)?.revision).toBe(revision);
      const next = wait({ after: revision });
      for (let turns = 0; turns < turnsBefore; turns++) await turn();
      await here.submit(setCommand(userId, place, "2"));
      expect((await next)?.value).toBe("2");
    }
  });
});
