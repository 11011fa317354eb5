import { describe, expect, test } from "vitest";
import { defaultConfig } from "../src/config.ts";
import { jsonTextOfParsed } from "../src/json/json-text.ts";
import type { RepeatView } from "../src/store/complete-repeat.ts";
import { shownEntry, type Entry } from "../src/store/model/entry.ts";
import { SharedMemory } from "../src/store/shared-memory.ts";
import { Writer } from "../src/store/writer.ts";
import { Instance } from "./coordination/instance.ts";
import { createSqlite } from "./own-database.ts";
import { viewerWith } from "./viewer.ts";

/** Runs what waits for resolved promises. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("G9 G14: memory that all users share", () => {
  test("is given to each user's requests in order of arrival, and to waiting users in turn", async () => {
    const memory = new SharedMemory(100);
    const served: string[] = [];
    const reserve = (user: string, bytes: number) =>
      void memory.reserve(user, bytes).then(() => served.push(`${user} ${bytes}`));
    for (const user of ["ann", "bob"]) memory.add(user, 50);
    reserve("ann", 40);
    reserve("ann", 5);
    reserve("bob", 41);
    await settle();
    expect(served).toEqual([]);
    memory.remove("ann", 30);
    // It fits, but an earlier request of the same user does not.
    reserve("ann", 1);
    await settle();
    expect(served).toEqual([]);
    memory.remove("bob", 50);
    memory.remove("ann", 20);
    await settle();
    expect(served).toEqual(["bob 41", "ann 40"]);
    memory.remove("ann", 40);
    await settle();
    expect(served).toEqual(["bob 41", "ann 40", "ann 5", "ann 1"]);
    expect(memory.bytes).toBe(47);
  });

  test("spends no time on thousands of requests that it has no room for", async () => {
    const memory = new SharedMemory(1_000_000);
    memory.add("ann", 500_000);
    let served = 0;
    for (let index = 0; index < 5_000; index++) {
      void memory.reserve("ann", 500).then(
        () => served++,
        () => {},
      );
    }
    const begin = process.cpuUsage();
    for (let index = 0; index < 100; index++) {
      memory.add("ann", 100);
      memory.remove("ann", 100);
      await settle();
    }
    const { user, system } = process.cpuUsage(begin);
    expect(served).toBe(0);
    expect((user + system) / 1_000).toBeLessThan(250);
    memory.remove("ann", 500_000);
    await settle();
    expect(served).toBe(1_000);
  });

  test("bounds the entries that concurrent repeats of one small call read", async () => {
    await using own = await createSqlite();
    await using instance = await Instance.open(own);
    const { database, committer } = instance;
    const maxBytes = 8 * 1024 * 1024;
    const memory = new SharedMemory(maxBytes);
    let liveBytes = 0;
    let mostBytes = 0;
    const view: RepeatView = {
      readStoredEntries: (...args) => database.readStoredEntries(...args),
      readLogEnds: (...args) => database.readLogEnds(...args),
      async readRevisions(...args) {
        const changes = await database.readRevisions(...args);
        for (const { entry } of changes) liveBytes += entry?.sizeBytes ?? 0;
        mostBytes = Math.max(mostBytes, liveBytes);
        return changes;
      },
    };
    const writer = new Writer(committer, defaultConfig(), view, memory);
    const viewer = viewerWith("ann", null);
    const value = jsonTextOfParsed({ n: 0, text: "x".repeat(250_000) });
    await writer.setEntry(viewer, { namespace: "default", key: "k", value });
    const increment = { namespace: "default", key: "k", path: "/n", by: 1 };
    // A repeat of the first call needs less than half of the memory, and one of the second call needs more than all.
    for (const count of [4, 36]) {
      const call = async () => {
        const { results } = await writer.transact(viewer, {
          operations: Array.from({ length: count }, () => ({ increment })),
          idempotencyKey: `repeated ${count}`,
        });
        return results.map((one) => shownEntry((one as typeof one & { entry: Entry }).entry));
      };
      const first = await call();
      mostBytes = 0;
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const entries = await call();
          for (const { sizeBytes } of entries) liveBytes -= sizeBytes;
          expect(entries).toEqual(first);
        }),
      );
      expect(liveBytes).toBe(0);
      const callBytes = first.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      expect(mostBytes).toBeLessThanOrEqual(Math.max(maxBytes / 2, callBytes) + callBytes);
      expect(memory.bytes).toBe(0);
    }
  });
});
