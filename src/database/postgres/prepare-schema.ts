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
import { startFault } from "./start-fault.ts";

export const migrationsFolder = fileURLToPath(
  new URL("../../../prisma/postgres/migrations", import.meta.url),
);

/** A migration of a large table takes its time, and bounds its own waits. */
const unlimited = { statementTimeoutMs: 0, lockTimeoutMs: 0, idleTransactionTimeoutMs: 0 };

/**
 * Creates or migrates the tables, over a connection of its own. Logs in one line which settings can't be set.
 * @param settings of the connections that will serve
 * @returns the schema that the tables are in: the one that unqualified names mean
 * @throws StartError when the database can't be used
 */
export async function prepareSchema(
  url: string,
  settings: readonly SessionSetting[],
  logger: Logger,
): Promise<string> {
  try {
    const config = sessionConfig(url, "baton migration", sessionSettings(unlimited));
    const client = new SessionClient(config);
    client.on("error", () => {}); // what it breaks says so itself
    await client.connect().catch((error: unknown) => {
      // PostgreSQL may wait for an answer of its own, a password, and keep the process from ending.
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
    throw startFault(url, error);
  }
}

function report(states: readonly SessionState[], logger: Logger): void {
  const differing = states.filter(({ value, actual }) => value !== actual);
  if (differing.length === 0) return;
  const list = differing.map(({ name, value, actual }) => `${name} = '${value}' (is '${actual}')`);
  logger.warn(
    `Behind a pooler Baton can't set what it relies on. Set it for its role with ALTER ROLE … SET: ${list.join(", ")}.`,
  );
}
