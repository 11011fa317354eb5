import type { RowTable } from "../row-table.ts";
import { join, name, raw, sql, type Sql } from "../sql.ts";

/** The rows as a table from which a statement can select. */
export function rowTable({ name: tableName, columns, rows }: RowTable): Sql {
  const selected = Object.entries(columns).map(([column, type], place) => {
    const cell = raw(`value ->> ${place}`);
    // A 64-bit integer is passed as text, because JSON numbers are floating-point.
    return sql`${type === "bigint" ? sql`CAST(${cell} AS INTEGER)` : cell} AS ${name(column)}`;
  });
  const json = JSON.stringify(rows.map((row) => row.map(toJson)));
  return sql`(SELECT ${join(selected)} FROM json_each(${json})) AS ${name(tableName)}`;
}

function toJson(cell: unknown): unknown {
  if (cell instanceof Date) return cell.getTime();
  return typeof cell === "bigint" ? String(cell) : cell;
}
