import { expect, test } from "vitest";
import { createMigratedPostgres } from "../postgres-partitioned.ts";
import { connectTo } from "../process/own-postgres.ts";
import { health } from "../process/instances.ts";
import { startTestServer } from "../server.ts";

test("a server is not ready while another program locks the table of entries, as REINDEX does", async () => {
  const own = await createMigratedPostgres();
  await using server = await startTestServer({}, own);
  expect(await health(server, "ready")).toBe(200);
  await using outsider = await connectTo(own.url);
  await outsider.select("BEGIN");
  await outsider.select('LOCK TABLE "Entry" IN SHARE MODE');
  expect(await health(server, "ready")).toBe(503);
  await outsider.select("ROLLBACK");
  expect(await health(server, "ready")).toBe(200);
});
