import fc from "fast-check";
import pg from "pg";
import pino from "pino";
import { describe, expect, test, vi } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import type { Command } from "../../src/store/commit/command.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import type {
  Database,
  FreeEntries,
  NamespaceTotals,
  WriteAccess,
  WriteTransaction,
} from "../../src/store/contract.ts";
import type { Limits } from "../../src/store/model/limits.ts";
import { everything, exact, prefixed } from "../../src/store/model/text-match.ts";
import {
  claimCommand,
  clearCommand,
  clearManyCommand,
  deleteCommand,
  incrementCommand,
  patchCommand,
  setCommand,
} from "../commands.ts";
import { plainDatabases } from "../databases.ts";
import { createSqlite, type OwnDatabase } from "../own-database.ts";
import { PostgresProxy } from "../postgres-proxy.ts";
import { createPostgres } from "../postgres.ts";
import { ago } from "../time.ts";

const logger = pino({ level: "silent" });
/** A command with this value exceeds the bytes of a group's transaction. */
const largeText = "x".repeat(300_000);
const largeValue = JSON.stringify({ text: largeText, n: 0 });
const place = { namespace: "default", key: "key" };

interface Instance extends AsyncDisposable {
  readonly database: Database;
  /** The users of each transaction, in the order in which they were published. */
  readonly committed: string[][];
  readonly submit: (command: Command) => Promise<bigint>;
}

/** @param accessTo returns what the committer uses of the database */
async function startInstance(
  own: OwnDatabase,
  accessTo: (database: Database) => WriteAccess = (database) => database,
  limits: Partial<Limits> = {},
): Promise<Instance> {
  const config = { ...defaultConfig(own.config), ...limits };
  const database = await openDatabase(config, logger);
  const committed: string[][] = [];
  const onCommit = (effects: ReadonlyMap<string, unknown>) =>
    void committed.push([...effects.keys()].sort());
  const committer = new Committer({ database: accessTo(database), limits: config, onCommit });
  return {
    database,
    committed,
    submit: async (command) => (await committer.submit(command)).revision,
    [Symbol.asyncDispose]: async () => {
      await committer.close();
      await database.close();
    },
  };
}

const valueOf = async ({ database }: Instance, userId: string, key: string) =>
  JSON.parse((await database.readEntry(userId, { ...place, key }))?.value ?? "null");

describe.each(plainDatabases)("$name", ({ create }) => {
  test("G14: a write does not wait for large patches of another user", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    const { submit, committed } = instance;
    const keys = ["a", "b", "c"];
    for (const key of keys) await submit(setCommand("large", { ...place, key }, largeValue));

    committed.length = 0;
    const patched = keys.map((key) => submit(patchCommand("large", { ...place, key }, '{"n":1}')));
    await submit(setCommand("small", place));
    await Promise.all(patched);
    expect(committed).toEqual([["small"], ["large"], ["large"], ["large"]]);
    for (const key of keys) expect((await valueOf(instance, "large", key)).n).toBe(1);
  });

  test("G14: a write does not wait while a large command of another user is decided", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    const { database, submit } = instance;
    await submit(setCommand("large", place));
    const decided = await database.writeAlone("large", async (transaction) => {
      await transaction.readLogs();
      return submit(setCommand("small", place));
    });
    expect(decided).toBe(1n);
  });

  test("G14: a clear of many entries is not in a transaction that other users wait for", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    const { submit, committed } = instance;
    const sets = Array.from({ length: 1_001 }, (_, at) =>
      submit(setCommand("large", { ...place, key: `key-${at}` })),
    );
    await Promise.all(sets);

    committed.length = 0;
    const cleared = submit(clearCommand("large", place.namespace));
    await submit(setCommand("small", place));
    expect(await cleared).toBe(1_002n);
    expect(committed).toEqual([["small"], ["large"]]);
  });

  test("G7 G14: a condition of a large command is checked in the transaction that writes", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    await using other = await startInstance(own);
    await instance.submit(setCommand("user", place, largeValue));
    let runs = 0;
    const load = async (transaction: WriteTransaction) => {
      const { heads } = await transaction.readLogs();
      // Another instance writes after this one has read. On PostgreSQL, the log is locked, so the write waits.
      if (runs++ === 0) {
        const set = other.submit(setCommand("user", place));
        if (own.url.startsWith("file:")) await set;
        else void set;
      }
      return heads.get("user");
    };
    const head = await instance.database.writeAlone("user", load);
    // Either no other client could write in between, or the work ran again.
    expect({ head, runs }).toEqual(
      own.url.startsWith("file:") ? { head: 2n, runs: 2 } : { head: 1n, runs: 1 },
    );
  });

  test("G2: if a group fails, a command that turns out to be large keeps its place", async () => {
    await using own = await create();
    let isFailing = false;
    await using instance = await startInstance(own, (database) => ({
      isDiskLow: false,
      isDiskVeryLow: false,
      writeAlone: (...args) => database.writeAlone(...args),
      write: (userIds, work, isOnlyUnlocked) =>
        database.write(
          userIds,
          async (transaction) => {
            const result = await work(transaction);
            if (!isFailing) return result;
            isFailing = false;
            throw new Error("Caused by one of the commands.");
          },
          isOnlyUnlocked,
        ),
    }));
    const { submit } = instance;
    await submit(setCommand("a", place, largeValue));
    await submit(setCommand("b", place));
    isFailing = true;
    const revisions = await Promise.all([
      submit(incrementCommand("a", place)),
      submit(setCommand("a", place)),
      submit(setCommand("b", place)),
    ]);
    expect(revisions).toEqual([2n, 3n, 2n]);
  });

  test("G8: a large command does not see an entry that expired before its transaction", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    const { database, submit } = instance;
    await submit(setCommand("user", place, largeValue, 1));
    const found: boolean[] = [];
    await database.writeAlone("user", async (transaction) => {
      const { now } = await transaction.readLogs();
      const wanted = [{ userId: "user", ...place, withValue: false }];
      const [loaded] = await transaction.loadEntries(wanted);
      found.push(Number(loaded?.entry.expiresAt) > Number(now));
      await vi.waitUntil(async () => (await database.readEntry("user", place)) === null, 5_000);
    });
    // SQLite decides outside the transaction, and so again in it. PostgreSQL has locked the log since.
    expect(found).toEqual(own.url.startsWith("file:") ? [true, false] : [true]);
  });

  test("G6: large increments of two instances are all counted", async () => {
    await using own = await create();
    await using first = await startInstance(own);
    await using second = await startInstance(own);
    await first.submit(setCommand("user", place, largeValue));
    const times = 12;
    await Promise.all(
      [first, second].map(async ({ submit }) => {
        for (let time = 0; time < times; time++) await submit(incrementCommand("user", place));
      }),
    );
    expect(await valueOf(first, "user", place.key)).toEqual({ text: largeText, n: 2 * times });
  });

  test("G2: each user's commands keep their order, whether they are large or not", async () => {
    await using own = await create();
    await using instance = await startInstance(own);
    const { database, submit } = instance;
    let run = 0;
    const commands = fc.array(
      fc.record({
        user: fc.constantFrom("a", "b", "c"),
        key: fc.constantFrom("1", "2"),
        kind: fc.constantFrom("set", "set large", "patch"),
      }),
      { minLength: 2, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (asked) => {
        run++;
        const revisions = new Map<string, bigint[]>();
        const expected = new Map<string, object>();
        const submitted = asked.map(async ({ user, key, kind }, n) => {
          const userId = `${user}-${run}`;
          const at = { ...place, key };
          const id = JSON.stringify([userId, key]);
          const before = expected.get(id);
          const set = kind === "set" ? { n } : { text: largeText, n };
          expected.set(id, kind === "patch" ? { ...before, n } : set);
          const own = revisions.get(userId) ?? [];
          revisions.set(userId, own);
          const index = own.push(0n) - 1;
          own[index] = await submit(
            kind === "patch"
              ? patchCommand(userId, at, JSON.stringify({ n }))
              : setCommand(userId, at, JSON.stringify(set)),
          );
        });
        await Promise.all(submitted);
        for (const [userId, own] of revisions) {
          expect(own).toEqual(own.map((_, at) => BigInt(at + 1)));
          expect((await database.readLogEnds(userId)).head).toBe(BigInt(own.length));
        }
        for (const [id, value] of expected) {
          const [userId, key] = JSON.parse(id) as [string, string];
          expect(await valueOf(instance, userId, key)).toEqual(value);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("PostgreSQL", () => {
  test("G14: a write does not wait for another user's log that another instance has locked", async () => {
    await using own = await createPostgres();
    await using instance = await startInstance(own);
    const { submit, committed } = instance;
    await Promise.all(["a", "b", "c"].map((userId) => submit(setCommand(userId, place))));
    const other = new pg.Client(own.url);
    await other.connect();
    await other.query(`BEGIN; SELECT 1 FROM "User" WHERE "userId" = 'a' FOR UPDATE`);

    committed.length = 0;
    const locked = submit(setCommand("a", place));
    await Promise.all(["b", "c"].map((userId) => submit(setCommand(userId, place))));
    expect(committed).toEqual([["b", "c"]]);
    // Neither does the first write of a user.
    await Promise.all(["b", "new"].map((userId) => submit(setCommand(userId, place))));
    await other.end();
    expect(await locked).toBe(2n);
    expect(await submit(setCommand("a", place))).toBe(3n);
  });

  test("G6: a write whose commit is uncertain does not run again, even while the disk is full", async () => {
    await using own = await createPostgres();
    await using proxy = await PostgresProxy.open(own.url);
    const isCommitter = (name: string) => name === "baton committer";
    let isFull = false;
    let runs = 0;
    const throughProxy = { ...own, config: { ...own.config, databaseUrl: proxy.url } };
    await using instance = await startInstance(throughProxy, (database) => ({
      get isDiskLow() {
        return isFull;
      },
      isDiskVeryLow: false,
      writeAlone: (...args) => database.writeAlone(...args),
      write: (userIds, work, isOnlyUnlocked) => {
        const thenLoseTheAnswer = async (transaction: WriteTransaction) => {
          const result = await work(transaction);
          runs++;
          if (isFull) proxy.freezeAnswers(isCommitter);
          return result;
        };
        return database.write(userIds, thenLoseTheAnswer, isOnlyUnlocked);
      },
    }));
    const { database, submit } = instance;
    await submit(setCommand("user", place));

    isFull = true;
    runs = 0;
    const cleared = submit(clearCommand("user", place.namespace));
    await vi.waitUntil(async () => (await database.readEntry("user", place)) === null, 5_000);
    proxy.cut(isCommitter);
    proxy.thaw();
    await expect(cleared).rejects.toThrow(/may or may not be stored/);
    expect(runs).toBe(1);
  });
});

describe("SQLite", () => {
  test("G9: a command adds nothing if the disk is found low when its transaction begins", async () => {
    await using own = await createSqlite();
    let isLow = false;
    await using instance = await startInstance(own, (database) => ({
      get isDiskLow() {
        return isLow;
      },
      isDiskVeryLow: false,
      writeAlone: (...args) => database.writeAlone(...args),
      write: (...args) => {
        isLow = true;
        return database.write(...args);
      },
    }));
    await expect(instance.submit(setCommand("user", place))).rejects.toThrow(/nearly full/);
  });

  test("G9 G12: while the disk is very low, a command must free more than its record and its claim store", async () => {
    await using own = await createSqlite();
    let isVeryLow = false;
    await using instance = await startInstance(own, (database) => ({
      get isDiskLow() {
        return isVeryLow;
      },
      get isDiskVeryLow() {
        return isVeryLow;
      },
      writeAlone: (...args) => database.writeAlone(...args),
      write: (...args) => database.write(...args),
    }));
    const at = (key: string) => ({ ...place, key });
    for (const key of ["large", "small"]) {
      const value = key === "large" ? largeValue : "1";
      await instance.submit(setCommand("user", at(key), value));
    }
    for (let n = 0; n < 5; n++) {
      await instance.submit(setCommand("user", { namespace: "five", key: `${n}` }));
    }
    isVeryLow = true;
    const attempt = async (command: Command, key: string | null) => {
      const idempotency = key === null ? null : { key, digest: "digest" };
      const attempted = instance.submit({ ...command, idempotency });
      return attempted.then(
        () => "done",
        (error: Error) => error.message.match(/free more than they store/)?.[0],
      );
    };
    const refused = "free more than they store";
    const clearOf = (namespace: string) => clearCommand("user", namespace);
    const deleteOf = (key: string) => deleteCommand("user", at(key));
    expect([
      await attempt(deleteOf("nothing"), "a"),
      await attempt(deleteOf("small"), "b"),
      await attempt(clearOf("nothing"), "c"),
      await attempt(claimCommand("user", place.namespace), null),
    ]).toEqual([refused, refused, refused, refused]);
    expect([
      await attempt(deleteOf("large"), "d"),
      await attempt(clearOf("five"), "e"),
      await attempt(deleteOf("nothing"), null),
      await attempt(deleteOf("small"), null),
      // A repeat stores nothing.
      await attempt(deleteOf("large"), "d"),
    ]).toEqual(["done", "done", "done", "done", "done"]);
  });
});

describe.each(plainDatabases)("what a transaction loads on $name", ({ create }) => {
  test("G14: calls that would clear too many namespaces count them, and do not read their names", async () => {
    await using own = await create();
    const { calls, accessTo } = countedCalls();
    await using instance = await startInstance(own, accessTo, { maxClearedNamespaces: 2 });
    for (const namespace of ["a:1", "a:2", "a:3", "b:1", "b:2"]) {
      await instance.submit(setCommand("user", { ...place, namespace }));
    }
    calls.length = 0;
    const tooMany = Array.from({ length: 3 }, () =>
      instance.submit(clearManyCommand("user", "a:")),
    );
    for (const call of tooMany) await expect(call).rejects.toThrow(/at most 2 namespaces/);
    // One for each transaction.
    expect(calls).toEqual([
      ["countNamespaces", 3],
      ["countNamespaces", 3],
      ["countNamespaces", 3],
    ]);
    // The set adds a namespace before it is counted.
    const [set, clear] = await Promise.allSettled([
      instance.submit(setCommand("user", { ...place, namespace: "b:3" })),
      instance.submit(clearManyCommand("user", "b:")),
    ]);
    expect([set.status, clear.status]).toEqual(["fulfilled", "rejected"]);
    expect(await instance.submit(deleteCommand("user", { ...place, namespace: "b:3" }))).toBe(7n);
    expect(await instance.submit(clearManyCommand("user", "b:"))).toBe(9n);
  });

  test("G14: a call that clears many namespaces is committed for its user alone", async () => {
    await using own = await create();
    const { calls, accessTo } = countedCalls();
    await using instance = await startInstance(own, accessTo);
    const names = Array.from({ length: 1_100 }, (_, index) => `n:${index + 1_000}`);
    for (let start = 0; start < names.length; start += 400) {
      await Promise.all(
        names
          .slice(start, start + 400)
          .map((namespace) => instance.submit(setCommand("large", { ...place, namespace }))),
      );
    }
    instance.committed.length = calls.length = 0;
    const cleared = instance.submit(clearManyCommand("large", "n:"));
    await instance.submit(setCommand("small", place));
    expect(await cleared).toBe(2_200n);
    expect(instance.committed).toContainEqual(["large"]);
    expect(calls).toEqual([
      ["countNamespaces", 1_100],
      ["countNamespaces", 1_100],
      ["countEntries", 1_000],
      ["countEntries", 100],
    ]);
    expect(await valueOf(instance, "large", "key")).toBeNull();
  });

  test("G14: claims of prefixes in one another do not read the entries before the free ones again", async () => {
    await using own = await create();
    const { calls, accessTo } = countedCalls();
    await using instance = await startInstance(own, accessTo);
    // One transaction takes three claims.
    const prefixes = ["aa", "", "aaa"];
    const keys = ["aaa1", "aaa2", "aab", "ab"];
    for (const key of keys) await instance.submit(setCommand("user", { ...place, key }));
    for (const key of keys.slice(0, 2)) await instance.submit(claimCommand("user", "default", key));
    calls.length = 0;
    await Promise.all(
      prefixes.map((prefix) => instance.submit(claimCommand("user", "default", prefix))),
    );
    // The widest range is read to its end, so the others are known.
    expect(calls).toEqual([["loadFree", 2]]);
    // Now no entry is free.
    calls.length = 0;
    await Promise.all(
      prefixes.map((prefix) => instance.submit(claimCommand("user", "default", prefix))),
    );
    expect(calls).toEqual([["loadFree", 0]]);
  });

  test("G11 G14: a claim behind more held entries than a group examines is committed for its user alone", async () => {
    await using own = await create();
    const { calls, accessTo } = countedCalls();
    await using instance = await startInstance(own, accessTo);
    for (const key of ["20150", "20151", "20200", "20201"]) {
      await instance.submit(setCommand("large", { ...place, key }));
    }
    const copied = `"userId", "namespace", "revision", "createdRevision", "createdAt", "updatedAt", "sizeBytes", "metadata", "value"`;
    await own.execute(`
      WITH RECURSIVE "held" AS (SELECT 10000 AS "n" UNION ALL SELECT "n" + 1 FROM "held" WHERE "n" < 20149)
      INSERT INTO "Entry" (${copied}, "key", "claimToken", "claimAttempt", "claimExpiresAt")
      SELECT ${copied}, CAST("n" AS TEXT), 'held', 1, ${ago(own, -3_600)}
      FROM "held" CROSS JOIN "Entry" WHERE "key" = '20150'`);
    const claimed = () =>
      own.query(`SELECT "key" FROM "Entry" WHERE "claimToken" = 'token' ORDER BY "key"`);
    calls.length = instance.committed.length = 0;
    const claims = [1, 2].map(() => instance.submit(claimCommand("large", place.namespace)));
    await Promise.all([...claims, instance.submit(setCommand("small", place))]);
    // The group's transaction, and the two statements of the other one.
    expect(calls).toEqual([
      ["loadFree", 0],
      ["loadFree", 0],
      ["loadFree", 2],
    ]);
    expect(instance.committed).toEqual([["small"], ["large"]]);
    expect(await claimed()).toEqual([{ key: "20150" }, { key: "20151" }]);
    // The free entries of this prefix come first.
    await instance.submit(claimCommand("large", place.namespace, "202"));
    expect(calls.slice(3)).toEqual([["loadFree", 1]]);
    // No entry of this one is free.
    await instance.submit(claimCommand("large", place.namespace, "100"));
    expect(calls.slice(4)).toEqual([["loadFree", 0]]);
    // Exhausted entries come before a free one.
    await own.execute(`UPDATE "Entry" SET "claimMaxAttempts" = 1, "claimExpiresAt" = ${ago(own, 1)}
      WHERE "claimToken" = 'held'`);
    calls.length = 0;
    await instance.submit(claimCommand("large", place.namespace));
    expect(calls).toEqual([
      ["loadFree", 1],
      ["loadFree", 0],
      ["loadFree", 1],
      ["loadFree", 0],
      ["loadFree", 1],
      ["loadFree", 500],
    ]);
    expect(await claimed()).toHaveLength(4);
    expect(
      await own.query(`SELECT MAX("key") AS "last" FROM "Entry" WHERE "isDeadLettered"`),
    ).toEqual([{ last: "10500" }]);
  });

  test("G14: with quotas, the write of a user with many namespaces is committed for its user alone", async () => {
    await using own = await create();
    const { calls, accessTo } = countedCalls();
    await using instance = await startInstance(own, accessTo, { maxEntries: 2_102 });
    await instance.submit(setCommand("large", place));
    const copied = `"userId", "entryCount", "sizeBytes", "updatedAt"`;
    await own.execute(`
      WITH RECURSIVE "more" AS (SELECT 1 AS "n" UNION ALL SELECT "n" + 1 FROM "more" WHERE "n" < 2100)
      INSERT INTO "Namespace" (${copied}, "namespace")
      SELECT ${copied}, CAST("n" AS TEXT) FROM "more" CROSS JOIN "Namespace"`);
    calls.length = instance.committed.length = 0;
    const added = instance.submit(setCommand("large", { ...place, key: "added" }));
    await Promise.all([added, instance.submit(setCommand("small", place))]);
    expect(calls.filter(([name]) => name === "readTotals")).toEqual(
      expect.arrayContaining([
        ["readTotals", 0],
        ["readTotals", 2_000],
        ["readTotals", 101],
      ]),
    );
    expect(instance.committed).toEqual([["small"], ["large"]]);
    const refused = instance.submit(setCommand("large", { ...place, key: "refused" }));
    await expect(refused).rejects.toThrow(/at most 2102 entries/);
    // Reads sum as many namespaces in one statement. 1,111 of the numbers begin with 1, and 212 with 2.
    for (const [namespaces, namespaceCount, entryCount] of [
      [[everything], 2_101, 2_102],
      [[exact("0")], 0, 0],
      [[prefixed("1"), prefixed("2")], 1_111 + 212, 1_111 + 212],
    ] as const) {
      const usage = await instance.database.readUsage("large", namespaces);
      expect(usage).toMatchObject({ namespaceCount, entryCount });
    }
  });
});

/** Counts what transactions load: each call's name, and the number of rows or the count that it returned. */
function countedCalls() {
  const calls: [name: string, count: number][] = [];
  const counted = new Set(["countNamespaces", "countEntries", "loadFree", "readTotals"]);
  const sizeOf = (result: unknown) => {
    if (result instanceof Map) return result.size;
    if (typeof result !== "object" || result === null) return Number(result);
    return "entries" in result
      ? (result as FreeEntries).entries.length
      : (result as NamespaceTotals).namespaceCount;
  };
  const observed = (transaction: WriteTransaction) =>
    new Proxy(transaction, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const result: unknown = await member.apply(target, args);
          if (counted.has(String(property))) calls.push([String(property), sizeOf(result)]);
          return result;
        };
      },
    });
  const accessTo = (database: Database): WriteAccess => ({
    get isDiskLow() {
      return database.isDiskLow;
    },
    get isDiskVeryLow() {
      return database.isDiskVeryLow;
    },
    write: (userIds, work, isOnlyUnlocked) =>
      database.write(userIds, (transaction) => work(observed(transaction)), isOnlyUnlocked),
    writeAlone: (userId, work, isOnlyUnlocked) =>
      database.writeAlone(userId, (transaction) => work(observed(transaction)), isOnlyUnlocked),
  });
  return { calls, accessTo };
}
