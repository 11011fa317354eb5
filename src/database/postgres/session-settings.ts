import type { ClientBase } from "pg";
import pg from "pg";

/**
 * A setting of a session that Baton needs, with the value that PostgreSQL shows for it. A database, a role or the
 * environment can set another value for a session.
 */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
  /** Whether a pooler keeps the setting when it switches connections between transactions (PgBouncer keeps a few). */
  readonly isTracked: boolean;
}

/** A setting, and its value in the session. */
export interface SessionState extends SessionSetting {
  readonly actual: string;
}

/** The limits that differ between kinds of connections. 0: no limit. */
export interface SessionLimits {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  /** The schema to which unqualified names refer. Default: the first of the session. */
  readonly schema?: string;
}

/** A connection cannot be used before it has its settings. */
const responseTimeoutMs = 5_000;

/** The settings that the session of each connection must have. */
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

/** The format of text on the connection. Other values change the meaning of a timestamp or a string. */
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
  // If it is off, a null in an array parameter becomes the text NULL.
  ["array_nulls", "on"],
  // With a limit, a search would leave out matches.
  ["gin_fuzzy_search_limit", "0"],
  // With a stricter level, concurrent writes of several instances would fail. They wait for each other's locks instead.
  ["default_transaction_isolation", "read committed"],
  ["default_transaction_read_only", "off"],
  ["default_transaction_deferrable", "off"],
  // Connections stay in the pool, and one listens for notifications, as long as the server runs.
  ["idle_session_timeout", "0"],
  ["transaction_timeout", "0"],
] as const;

function interval(ms: number): string {
  return ms === 0 ? "0" : ms % 1_000 === 0 && ms < 60_000 ? `${ms / 1_000}s` : `${ms}ms`;
}

/**
 * Applies the settings in one statement. A setting that this version of PostgreSQL does not have is left out.
 * @param isPooled whether a pooler switches connections between transactions: settings that it does not keep are only read
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
    // The driver accepts it for each statement, but its types lack it.
    query_timeout: responseTimeoutMs,
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
