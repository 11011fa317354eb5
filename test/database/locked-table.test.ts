import pino from "pino";
import { expect, test, vi } from "vitest";
import { openPostgres } from "../../src/database/postgres/postgres.ts";
import { createMigratedPostgres } from "../postgres-partitioned.ts";
import { connectTo } from "../process/own-postgres.ts";
import { health, msUntilReady } from "../process/instances.ts";
import { startTestServer } from "../server.ts";

test("a server is not ready while another program locks the table of entries, as REINDEX does", async () => {
  const own = await createMigratedPostgres();
  await using server = await startTestServer({}, own);
  expect(await health(server, "ready")).toBe(200);
  await using outsider = await connectTo(own.url);
  await outsider.select("BEGIN");
  await outsider.select('LOCK TABLE "Entry" IN SHARE MODE');
  await msUntilReady(server, 503);
  await outsider.select("ROLLBACK");
  expect(await health(server, "ready")).toBe(200);
});

test("many checks of PostgreSQL cost as much as one, and the next ones use its result until it is old", async () => {
  await using own = await createMigratedPostgres();
  const silent = pino({ level: "silent" });
  const database = await openPostgres({ url: own.url, connections: 10 }, silent);
  /** The connections that checks use which begin now. */
  const usedBy = async (checks: number) => {
    const pings = Array.from({ length: checks }, () => database.ping());
    const { used = 0, waiting = 0 } = database.connections() ?? {};
    await Promise.all(pings);
    return used + waiting;
  };
  expect([await usedBy(20), await usedBy(1)]).toEqual([1, 0]);
  const later = performance.now() + 1_000;
  const clock = vi.spyOn(performance, "now").mockReturnValue(later);
  expect(await usedBy(20)).toBe(1);
  clock.mockRestore();
  await database.close();
});
