import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import type { Selection } from "../store/model/change.ts";
import { prefixEnd, type TextMatch } from "../store/model/text-match.ts";

// SQL as texts that carry their parameters. The same text runs on both databases; only placeholders differ.
export { empty, join, raw, sql, type Sql };

/** What runs statements that read. Rows are objects; a cell has the JavaScript type of its column on every database. */
export interface SqlReader {
  /** @param atMost how many rows there can be, if the caller knows that it is one: a driver may read it in one call */
  all<Row>(query: Sql, atMost?: 1): Promise<Row[]>;
}

/** What runs every statement. */
export interface SqlClient extends SqlReader {
  /** Returns how many rows were changed. */
  run(query: Sql): Promise<number>;
}

/** What reads the store as it is at the database's own instant. */
export interface StoreReader {
  readonly client: SqlReader;
  /** That instant, as SQL. */
  readonly now: Sql;
  /** The store's epoch, of the row of "History". */
  readonly epoch: Sql;
}

/** A column or table of ours: never a caller's text. */
export function name(identifier: string): Sql {
  return raw(quoted(identifier));
}

export function quoted(identifier: string): string {
  return `"${identifier}"`;
}

/** Columns of a table by name: never `*`, which a newer version's migration would change under a prepared statement. */
export function columns(table: string, names: readonly string[]): Sql {
  return raw(names.map((column) => `${quoted(table)}.${quoted(column)}`).join(", "));
}

/** Whether an entry has not expired. */
export function isAlive(now: Sql): Sql {
  return sql`("expiresAt" IS NULL OR "expiresAt" > ${now})`;
}

const nothing = sql`1 = 0`;
const anything = sql`1 = 1`;

/** A prefix is a range of the index, not a LIKE: byte order on both databases. */
export function matchesText(column: Sql, match: TextMatch): Sql {
  if (match.kind === "exact") return sql`${column} = ${match.text}`;
  if (match.prefix === "") return anything;
  const end = prefixEnd(match.prefix);
  return end === null
    ? sql`${column} >= ${match.prefix}`
    : sql`(${column} >= ${match.prefix} AND ${column} < ${end})`;
}

export function matchesAny(column: Sql, options: readonly TextMatch[]): Sql {
  if (options.length === 0) return nothing;
  const [first, another] = options;
  if (first && !another) return matchesText(column, first);
  if (options.every((match) => match.kind === "exact")) {
    return sql`${column} IN (${join(options.map(({ text }) => text))})`;
  }
  return sql`(${join(
    options.map((match) => matchesText(column, match)),
    " OR ",
  )})`;
}

export function matchesEntries(selection: Selection): Sql {
  return sql`${matchesAny(sql`"namespace"`, selection.namespaces)} AND ${matchesText(sql`"key"`, selection.keys)}`;
}

/** Like `selects` of the store: a cleared namespace (null key) concerns every key in it. */
export function matchesChanges(selection: Selection): Sql {
  const keys = matchesText(sql`"key"`, selection.keys);
  return sql`${matchesAny(sql`"namespace"`, selection.namespaces)} AND (${keys} OR "key" IS NULL)`;
}
