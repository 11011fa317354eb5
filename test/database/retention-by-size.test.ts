import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { plainDatabases } from "../databases.ts";
import { query } from "../client.ts";
import { remove, set } from "../operations.ts";
import { createSqlite } from "../own-database.ts";
import { startTestServer, type TestServer } from "../server.ts";

const kept = { maxAgeMs: 86_400_000, maxChanges: 100_000 };
/** Bytes that each change counts in addition to its contents. */
const bytesPerChange = 200;

describe.each(plainDatabases)("retention by size on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const compact = (maxBytes?: number) =>
    server.withDatabase((database) =>
      database.compact(maxBytes === undefined ? kept : { ...kept, maxBytes }),
    );
  const sizes = async (): Promise<number[]> => {
    const { changes } = await query(server, "{ changes { nodes { entry { sizeBytes } } } }");
    return changes.nodes.map(
      ({ entry }: { entry: { sizeBytes: number } | null }) =>
        bytesPerChange + (entry?.sizeBytes ?? 0),
    );
  };
  const total = (bytes: readonly number[]) => bytes.reduce((sum, one) => sum + one, 0);

  test("the newest changes within the size stay, regardless of the age of the others", async () => {
    for (let index = 0; index < 30; index++) {
      await set(server, { key: `k${index % 7}`, value: "x".repeat(100 * index) });
      if (index % 5 === 0) await remove(server, { key: `k${index % 7}` });
    }
    let before = await sizes();
    expect([await compact(), await compact(total(before))]).toEqual([0, 0]);
    for (const maxBytes of [total(before) - 1, 20_000, 5_000]) {
      const removed = await compact(maxBytes);
      const after = await sizes();
      expect(after).toEqual(before.slice(removed));
      expect(total(after)).toBeLessThanOrEqual(maxBytes);
      expect(total(after) + (before[removed - 1] as number)).toBeGreaterThan(maxBytes);
      before = after;
    }

    // New changes are counted, and changes that another instance removed are no longer counted.
    await set(server, { key: "more", value: "x".repeat(2_000) });
    await server.withDatabase((database) => database.compact({ maxAgeMs: -1, maxChanges: 1 }));
    expect(await compact(3_000)).toBe(0);
    await set(server, { key: "more", value: "x".repeat(2_500) });
    expect(await compact(3_000)).toBe(1);
    expect(await sizes()).toEqual([bytesPerChange + 2_508]);
    // A single change that is too large is removed, too. The entry stays.
    expect(await compact(1_000)).toBe(1);
    expect(await sizes()).toEqual([]);
  });
});

test("retention by size follows many large writes, without waiting for the next minute", async () => {
  await using server = await startTestServer({ retentionMebibytes: 1 }, await createSqlite());
  const value = "x".repeat(1_000_000);
  for (let n = 0; n < 17; n++) await set(server, { key: "k", value });
  await vi.waitFor(async () => {
    const { changes } = await query(server, "{ changes { nodes { revision } } }");
    expect(changes.nodes).toEqual([{ revision: "17" }]);
  }, 10_000);
});
