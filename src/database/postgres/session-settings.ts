import type { ClientBase } from "pg";
import pg from "pg";

/**
 * A setting of a session that Baton relies on, with the value that PostgreSQL shows for it. A database, a role or the
 * environment may give a session another value.
 */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
  /** Whether a pooler that gives each transaction another connection carries it along (PgBouncer does for a few). */
  readonly isTracked: boolean;
}

/** A setting, and what the session has. */
export interface SessionState extends SessionSetting {
  readonly actual: string;
}

/** What is different for each kind of connection. 0: without a limit. */
export interface SessionLimits {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  /** The schema that unqualified names mean; left out, the one that the session begins with. */
  readonly schema?: string;
}

/** Until it has its settings, a connection is of no use. */
const answerTimeoutMs = 5_000;

/** What the session of each connection must have. */
export function sessionSettings(limits: SessionLimits): readonly SessionSetting[] {
  const { statementTimeoutMs, lockTimeoutMs, idleTransactionTimeoutMs, schema } = limits;
  return [
    ...tracked.map(([name, value]) => ({ name, value, isTracked: true })),
    ...[
      ...untracked,
      ["statement_timeout", interval(statementTimeoutMs)] as const,
      ["lock_timeout", interval(lockTimeoutMs)] as const,
      ["idle_in_transaction_session_timeout", interval(idleTransactionTimeoutMs)] as const,
      ...(schema === undefined ? [] : [["search_path", pg.escapeIdentifier(schema)] as const]),
    ].map(([name, value]) => ({ name, value, isTracked: false })),
  ];
}

/** Text in and out of the connection: each other value changes what a timestamp or a string means. */
const tracked = [
  ["client_encoding", "UTF8"],
  ["DateStyle", "ISO, YMD"],
  ["TimeZone", "UTC"],
  ["standard_conforming_strings", "on"],
] as const;

const untracked = [
  ["IntervalStyle", "postgres"],
  ["bytea_output", "hex"],
  ["extra_float_digits", "1"],
  // Off, a null in an array parameter becomes the text NULL.
  ["array_nulls", "on"],
  // A search would leave out matches beyond it.
  ["gin_fuzzy_search_limit", "0"],
  // Stricter, and writes of several instances undo one another: they wait for each other's locks instead.
  ["default_transaction_isolation", "read committed"],
  ["default_transaction_read_only", "off"],
  ["default_transaction_deferrable", "off"],
  // Connections wait in the pool, and the one for notifications listens, for as long as the server runs.
  ["idle_session_timeout", "0"],
  ["transaction_timeout", "0"],
] as const;

function interval(ms: number): string {
  return ms === 0 ? "0" : ms % 1_000 === 0 && ms < 60_000 ? `${ms / 1_000}s` : `${ms}ms`;
}

/**
 * Sets them in one statement. A setting that this version of PostgreSQL does not have is left out.
 * @param isPooled behind a pooler by transaction: what it does not carry along is only read
 */
export async function applySettings(
  client: Pick<ClientBase, "query">,
  settings: readonly SessionSetting[],
  isPooled: boolean,
): Promise<readonly SessionState[]> {
  const query = {
    text: `SELECT "name", CASE WHEN "isSet" THEN set_config("name", "value", false) ELSE current_setting("name") END AS "actual"
     FROM (VALUES ${settings.map((setting) => valuesRow(setting, isPooled)).join(", ")}) AS "wanted" ("name", "value", "isSet")
     WHERE current_setting("name", true) IS NOT NULL`,
    // The driver takes it for each statement; its types leave it out.
    query_timeout: answerTimeoutMs,
  };
  const { rows } = await client.query<{ name: string; actual: string }>(query);
  const actual = new Map(rows.map((row) => [row.name, row.actual]));
  return settings.flatMap((setting) => {
    const found = actual.get(setting.name);
    return found === undefined ? [] : [{ ...setting, actual: found }];
  });
}

function valuesRow({ name, value, isTracked }: SessionSetting, isPooled: boolean): string {
  const isSet = isTracked || !isPooled;
  return `(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, ${isSet})`;
}
