import { afterEach, expect, test, vi } from "vitest";
import { increment, set, wholeLog } from "../operations.ts";
import { createPostgres } from "../postgres.ts";
import { startTestServer } from "../server.ts";

afterEach(() => vi.useRealTimers());

test("G12: a server whose clock is a year ahead removes nothing that is recent by the database's clock", async () => {
  await using server = await startTestServer({}, await createPostgres());
  const repeated = { key: "count", by: 1, idempotencyKey: "once" };
  const { revision } = await increment(server, repeated);
  for (let value = 0; value < 3; value++) await set(server, { key: "k", value });
  await server.withDatabase(async (database) => {
    const dayMs = 86_400_000;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 365 * dayMs });
    expect(await database.compact({ maxAgeMs: dayMs, maxChanges: 1 })).toBe(0);
    await database.forgetRecords(dayMs);
    vi.useRealTimers();
  });
  expect(await increment(server, repeated)).toMatchObject({ revision, entry: { value: 1 } });
  expect(await wholeLog(server)).toHaveLength(4);
});
