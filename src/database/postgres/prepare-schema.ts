import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { migratePostgres } from "./migrate-postgres.ts";
import { SessionClient } from "./session-client.ts";
import { sessionConfig } from "./session-config.ts";
import {
  applySettings,
  sessionSettings,
  type SessionSetting,
  type SessionState,
} from "./session-settings.ts";
import { toStartError } from "./to-start-error.ts";

export const migrationsFolder = fileURLToPath(
  new URL("../../../prisma/postgres/migrations", import.meta.url),
);

/** A migration of a large table can take long, and sets its own lock timeout. */
const unlimited = { statementTimeoutMs: 0, lockTimeoutMs: 0, idleTransactionTimeoutMs: 0 };

/**
 * Creates or migrates the tables over a separate connection. Logs in one line which settings cannot be set.
 * @param settings the settings of the connections that will serve requests
 * @returns the schema of the tables: the one to which unqualified names refer
 * @throws StartError if the database cannot be used
 */
export async function prepareSchema(
  url: string,
  settings: readonly SessionSetting[],
  logger: Logger,
): Promise<string> {
  try {
    const config = sessionConfig(url, "baton migration", sessionSettings(unlimited));
    const client = new SessionClient(config);
    client.on("error", () => {}); // the failing query reports it
    await client.connect().catch((error: unknown) => {
      // PostgreSQL can still wait for a password, which would keep the process from ending.
      void client.end().catch(() => {});
      throw error;
    });
    try {
      await migratePostgres(client, migrationsFolder);
      const { rows } = await client.query('SELECT current_schema() AS "schema"');
      report(await applySettings(client, settings, config.isPooled), logger);
      return rows[0]?.schema ?? "public";
    } finally {
      await client.end();
    }
  } catch (error) {
    throw toStartError(url, error);
  }
}

function report(states: readonly SessionState[], logger: Logger): void {
  const differing = states.filter(({ value, actual }) => value !== actual);
  if (differing.length === 0) return;
  const list = differing.map(({ name, value, actual }) => `${name} = '${value}' (is '${actual}')`);
  logger.warn(
    `Behind a pooler, Baton cannot change settings that it needs. Set them for its role with ALTER ROLE … SET: ${list.join(", ")}.`,
  );
}
