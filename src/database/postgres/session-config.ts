import type { SessionConfig } from "./session-client.ts";
import type { SessionSetting } from "./session-settings.ts";

/** Maximum wait for a connection, from the pool or a new one. */
export const connectTimeoutMs = 5_000;
const keepAliveDelayMs = 10_000;

/** The configuration of a connection to the database of a URL. */
export function sessionConfig(
  url: string,
  applicationName: string,
  session: readonly SessionSetting[],
): SessionConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    session,
    isPooled: isPooled(url),
  };
}

/** As for Prisma, `?pgbouncer=true` means that a pooler is in between. */
function isPooled(url: string): boolean {
  return new URL(url).searchParams.get("pgbouncer") === "true";
}
