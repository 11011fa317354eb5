import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import type { Selection } from "../store/model/change.ts";
import { prefixEnd, type TextMatch } from "../store/model/text-match.ts";

// SQL texts with their parameters. The same text runs on both databases. Only the placeholders differ.
export { empty, join, raw, sql, type Sql };

/** Runs statements that read. Rows are objects. A cell has the same JavaScript type on both databases. */
export interface SqlReader {
  /** @param atMost 1 if the statement returns at most one row, which a driver can then read in one call */
  all<Row>(query: Sql, atMost?: 1): Promise<Row[]>;
  /** Runs a statement that can take long: returns null if it takes longer than this. Only PostgreSQL can do this. */
  allWithin?<Row>(query: Sql, maxMs: number): Promise<Row[] | null>;
}

/** Runs statements that read or write. */
export interface SqlClient extends SqlReader {
  /** Returns the number of changed rows. */
  run(query: Sql): Promise<number>;
}

/** Runs work in one short write transaction, alone and completely or not at all. */
export type InTransaction = <T>(work: (transaction: SqlClient) => Promise<T>) => Promise<T>;

/** Reads the store at the database's current instant. */
export interface StoreReader {
  readonly client: SqlReader;
  /** The current instant, as SQL. */
  readonly now: Sql;
  /** The store's epoch, from the row of "History". */
  readonly epoch: Sql;
}

/** A column or table of the schema, never a caller's text. */
export function name(identifier: string): Sql {
  return raw(quoted(identifier));
}

export function quoted(identifier: string): string {
  return `"${identifier}"`;
}

/** Columns of a table by name. A migration of a newer version would change the result of `*` in a prepared statement. */
export function columns(table: string, names: readonly string[]): Sql {
  return raw(names.map((column) => `${quoted(table)}.${quoted(column)}`).join(", "));
}

/** Whether an entry has not expired. */
export function isAlive(now: Sql): Sql {
  return sql`("expiresAt" IS NULL OR "expiresAt" > ${now})`;
}

const nothing = sql`1 = 0`;
const anything = sql`1 = 1`;

/** A prefix is compared as a range of the index, not with LIKE. Both databases use byte order. */
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

/** The last condition, which no index has, makes SQLite walk through a range, not search each of the texts. */
export function isInAny(column: Sql, options: readonly TextMatch[]): Sql {
  return sql`(${join(
    options.map((match) => matchesText(column, match)),
    " OR ",
  )} OR 1 = 0)`;
}

/** Matches the same changes as the store's `selects`: a cleared namespace (null key) matches every key in it. */
export function matchesChanges(selection: Selection): Sql {
  const keys = matchesText(sql`"key"`, selection.keys);
  return sql`${matchesAny(sql`"namespace"`, selection.namespaces)} AND (${keys} OR "key" IS NULL)`;
}
