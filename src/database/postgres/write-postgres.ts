import { join, name, sql, type Sql, type SqlClient } from "../sql.ts";
import type { Table } from "../write-rows.ts";
import { lockedLogs, type LockedRow, type WriteDialect } from "../write.ts";

/** Some users have no row to lock yet. */
export class MissingUsers extends Error {
  override readonly name = "MissingUsers";
  readonly userIds: readonly string[];

  constructor(userIds: readonly string[]) {
    super("Some users have no log yet.");
    this.userIds = userIds;
  }
}

/** An instant of the database, in UTC and cut to the milliseconds that a column keeps. */
const instant = (clock: Sql) => sql`date_trunc('milliseconds', ${clock} AT TIME ZONE 'UTC')`;

/** When a row is looked at: after its lock was had. */
const rowTime = instant(sql`clock_timestamp()`);
/** When the statement began: the same for all its rows, so that an index can be searched by it. */
export const statementTime = instant(sql`statement_timestamp()`);

const types = {
  text: sql`text COLLATE "C"`,
  bigint: sql`bigint`,
  integer: sql`integer`,
  boolean: sql`boolean`,
  time: sql`timestamp(3)`,
} as const;

export function postgresDialect(transaction: SqlClient): WriteDialect {
  return {
    /**
     * Every instance locks in the order of the ids and locks nothing else before, so that none waits in a circle.
     * @throws MissingUsers when one has no row: to create it here, after others are locked, would break that order
     */
    async lock(userIds) {
      const rows = await transaction.$queryRaw<(LockedRow & { now: Date })[]>(sql`
        WITH "locked" AS MATERIALIZED (
          SELECT "userId", "headRevision", "compactedRevision" FROM "User" WHERE "userId" IN (${join([...userIds])})
          ORDER BY "userId" FOR UPDATE
        )
        SELECT "userId", "headRevision", "compactedRevision", ${rowTime} AS "now" FROM "locked"`);
      const found = new Set(rows.map((row) => row.userId));
      const missing = userIds.filter((userId) => !found.has(userId));
      if (missing.length > 0) throw new MissingUsers(missing);
      // The time is read row by row, each when its lock was had: the last one counts.
      return lockedLogs(rows, new Date(Math.max(...rows.map((row) => row.now.getTime()))));
    },
    table,
  };
}

/** Creates the logs of users who have none; by itself, without a transaction around it. */
export async function createUsers(client: SqlClient, userIds: readonly string[]): Promise<void> {
  const missing = table({
    name: "missing",
    columns: { userId: "text" },
    rows: [...userIds].sort().map((userId) => [userId]),
  });
  await client.$executeRaw(sql`
    INSERT INTO "User" ("userId", "headRevision", "compactedRevision", "createdAt")
    SELECT "userId", 0, 0, ${statementTime} FROM ${missing} ORDER BY "userId" ON CONFLICT DO NOTHING`);
}

export function table({ name: tableName, columns, rows }: Table): Sql {
  const names = Object.keys(columns);
  const objects = rows.map((row) =>
    Object.fromEntries(row.map((cell, place) => [names[place], toJson(cell)])),
  );
  const definitions = Object.entries(columns).map(
    ([column, type]) => sql`${name(column)} ${types[type]}`,
  );
  return sql`json_to_recordset(${JSON.stringify(objects)}::json) AS ${name(tableName)}(${join(definitions)})`;
}

function toJson(cell: unknown): unknown {
  if (cell instanceof Date) return cell.toISOString();
  return typeof cell === "bigint" ? String(cell) : cell;
}
