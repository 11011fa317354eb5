import { join, name, raw, sql, type Sql, type SqlClient } from "../sql.ts";
import type { Table } from "../write-rows.ts";
import { lockedLogs, type LockedRow, type WriteDialect } from "../write.ts";

/** The instant of the database, in milliseconds as columns keep it. */
export const now = sql`CAST(unixepoch('subsec') * 1000 AS INTEGER)`;

export function sqliteDialect(writer: SqlClient): WriteDialect {
  return {
    // BEGIN IMMEDIATE holds the only write lock there is, so that reading the heads is enough.
    async lock(userIds) {
      const ids = JSON.stringify(userIds);
      await writer.$executeRaw(sql`
        INSERT INTO "User" ("userId", "headRevision", "compactedRevision", "createdAt")
        SELECT value, 0, 0, ${now} FROM json_each(${ids}) WHERE true
        ON CONFLICT DO NOTHING`);
      const rows = await writer.$queryRaw<(LockedRow & { now: number })[]>(sql`
        SELECT "userId", "headRevision", "compactedRevision", ${now} AS "now"
        FROM "User" WHERE "userId" IN (SELECT value FROM json_each(${ids}))`);
      return lockedLogs(rows, new Date(Number(rows[0]?.now)));
    },

    table,
  };
}

export function table({ name: tableName, columns, rows }: Table): Sql {
  const selected = Object.entries(columns).map(([column, type], place) => {
    const cell = raw(`value ->> ${place}`);
    // A 64-bit number travels as text: JSON's numbers are floating.
    return sql`${type === "bigint" ? sql`CAST(${cell} AS INTEGER)` : cell} AS ${name(column)}`;
  });
  const json = JSON.stringify(rows.map((row) => row.map(toJson)));
  return sql`(SELECT ${join(selected)} FROM json_each(${json})) AS ${name(tableName)}`;
}

function toJson(cell: unknown): unknown {
  if (cell instanceof Date) return cell.getTime();
  return typeof cell === "bigint" ? String(cell) : cell;
}
