import type { Inspection } from "../inspection.ts";
import { readMigrationState } from "../migrate.ts";
import { TimeLimitedClient } from "./time-limited-client.ts";
import { findPlaceProblem, postgresTarget } from "./migrate-postgres.ts";
import { migrationsFolder } from "./prepare-schema.ts";
import { sessionConfig } from "./session-config.ts";
import { toStartError } from "./to-start-error.ts";

const statementTimeoutMs = 10_000;

interface SettingsRow {
  readonly version: string;
  readonly nowMs: number;
  readonly maxConnections: number;
  readonly usedConnections: number;
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly fullPageWrites: string;
}

/**
 * Inspects a database over one connection.
 * @param connections the number of connections that one server uses
 * @throws StartError if it cannot be reached
 */
export async function inspectPostgres(url: string, connections: number): Promise<Inspection> {
  const client = new TimeLimitedClient({
    ...sessionConfig(url, "baton doctor", []),
    query_timeout: statementTimeoutMs,
  });
  client.on("error", () => {}); // the failing query reports it
  try {
    await client.connect();
    const asked = Date.now();
    const { rows } = (await client.query(`
      SELECT current_setting('server_version') AS "version",
        EXTRACT(EPOCH FROM clock_timestamp())::float8 * 1000 AS "nowMs",
        current_setting('max_connections')::int AS "maxConnections",
        (SELECT COUNT(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS "usedConnections",
        current_setting('fsync') AS "fsync", current_setting('synchronous_commit') AS "synchronousCommit",
        current_setting('full_page_writes') AS "fullPageWrites"`)) as { rows: [SettingsRow] };
    const [settings] = rows;
    const state = await readMigrationState(postgresTarget(client, 0), migrationsFolder);
    return {
      version: `PostgreSQL ${settings.version}`,
      problem: (await findPlaceProblem(client)) ?? state.problem,
      pending: state.pending,
      // Assumes that it read its clock in the middle between the request and the response.
      clockAheadMs: Math.round(settings.nowMs - (asked + Date.now()) / 2),
      warnings: warningsOf(settings, connections),
    };
  } catch (error) {
    throw toStartError(url, error);
  } finally {
    await client.end().catch(() => {});
  }
}

function warningsOf(settings: SettingsRow, connections: number): string[] {
  const { maxConnections, usedConnections, fsync, synchronousCommit, fullPageWrites } = settings;
  const warnings: string[] = [];
  for (const [name, value] of [
    ["fsync", fsync],
    ["synchronous_commit", synchronousCommit],
    ["full_page_writes", fullPageWrites],
  ] as const) {
    if (value === "off") {
      warnings.push(
        `${name} is off: a crash of PostgreSQL can lose acknowledged writes. Turn it on.`,
      );
    }
  }
  const free = maxConnections - usedConnections;
  if (free < connections) {
    warnings.push(
      `PostgreSQL has ${free} of ${maxConnections} connections free, and one server uses ${connections} ` +
        "(--postgres-connections). Increase max_connections, or use fewer connections.",
    );
  }
  return warnings;
}
