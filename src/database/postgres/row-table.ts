import type { RowTable } from "../row-table.ts";
import { join, name, sql, type Sql } from "../sql.ts";

const types = {
  text: sql`text COLLATE "C"`,
  bigint: sql`bigint`,
  integer: sql`integer`,
  boolean: sql`boolean`,
  time: sql`timestamp(3)`,
} as const;

/** The rows as a table from which a statement can select. */
export function rowTable({ name: tableName, columns, rows }: RowTable): Sql {
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
