import pg from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { epoch } from "../../src/database/postgres/epoch.ts";
import { now } from "../../src/database/postgres/now.ts";
import { PostgresConnection } from "../../src/database/postgres/connection.ts";
import { sessionConfig } from "../../src/database/postgres/session-config.ts";
import { sessionSettings } from "../../src/database/postgres/session-settings.ts";
import { readEntries } from "../../src/database/read-entries.ts";
import { readLog } from "../../src/database/read-log.ts";
import { raw, sql, type Sql, type SqlReader } from "../../src/database/sql.ts";
import { everything } from "../../src/store/model/text-match.ts";
import { createMigratedPostgres } from "../postgres-partitioned.ts";

interface Plan {
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly Plan[];
}

const noLimits = { statementTimeoutMs: 0, lockTimeoutMs: 0, idleTransactionTimeoutMs: 0 };

/** The number of rows that the joins of a plan compared and rejected. */
function rejectedRows(plan: Plan): number {
  const below = (plan.Plans ?? []).map(rejectedRows);
  return below.reduce((sum, rows) => sum + rows, plan["Rows Removed by Join Filter"] ?? 0);
}

test("a page of a store that was empty when it was first read compares no entry with all others", async () => {
  await using database = await createMigratedPostgres();
  const connection = new PostgresConnection({
    ...sessionConfig(database.url, "baton", sessionSettings(noLimits)),
    schema: "public",
    onLoss: () => {},
    max: 1,
  });
  onTestFinished(() => connection.close());
  let last: Sql | undefined;
  const client: SqlReader = { all: (query) => connection.all((last = query)) };
  const reader = { client, now, epoch };
  const selection = { namespaces: [everything], keys: everything };
  const bounds = { maxItems: 50, maxBytes: 1_000_000 };
  const reads = [
    () => readEntries(reader, { userId: "u", selection, onlyKeys: null, after: null }, bounds),
    () => readLog(reader, { userId: "u", selection, after: 0n }, bounds),
  ];
  // PostgreSQL keeps the plan of the sixth execution.
  for (let time = 0; time < 7; time += 1) for (const read of reads) await read();
  await database.execute(`
    INSERT INTO "User" VALUES ('u', 3000, 0, now());
    INSERT INTO "Entry" ("userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt",
      "createdBy", "updatedBy", "sizeBytes", "metadata", "value")
    SELECT 'u', 'ns', 'key-' || k, k, k, now(), now(), 'agent', 'agent', 9, '{}', '1' FROM generate_series(1, 3000) k;
    INSERT INTO "Change" ("userId", "revision", "kind", "namespace", "key", "at")
    SELECT "userId", "revision", 'SET', "namespace", "key", now() FROM "Entry"`);
  const later = performance.now() + 2_000;
  vi.spyOn(performance, "now").mockReturnValue(later);
  onTestFinished(() => void vi.restoreAllMocks());
  for (const read of reads) {
    await read();
    const { text = "", values = [] } = last ?? {};
    const [prepared] = await connection.all<{ name: string }>(
      sql`SELECT "name" FROM pg_prepared_statements WHERE "statement" = ${text}`,
    );
    const literals = values.map((value) => pg.escapeLiteral(String(value))).join(", ");
    const [explained] = await connection.all<{ "QUERY PLAN": [{ Plan: Plan }] }>(
      raw(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE "${prepared?.name}" (${literals})`),
    );
    expect(rejectedRows(explained?.["QUERY PLAN"][0].Plan as Plan)).toBe(0);
  }
});
