import type { Config } from "../../config.ts";
import { StartError } from "../../start-error.ts";
import { databaseOf } from "../database-place.ts";

/**
 * Maximum size of a user, a namespace, and a key or agent in total. PostgreSQL refuses a row of an index with more than
 * 2,704 bytes. The widest index also has a revision, and each of its columns can have a header and padding.
 */
export const maxNameBytes = 2_600;

/** @throws StartError (usage) if the options allow names that PostgreSQL would refuse */
export function checkNameSizes(
  config: Pick<
    Config,
    "dataDir" | "databaseUrl" | "maxAgentBytes" | "maxKeyBytes" | "maxNamespaceBytes"
  >,
): void {
  if (databaseOf(config).kind !== "postgres") return;
  // A user has the limit of an agent.
  const { maxAgentBytes, maxKeyBytes, maxNamespaceBytes } = config;
  const total = maxAgentBytes + maxNamespaceBytes + Math.max(maxKeyBytes, maxAgentBytes);
  if (total <= maxNameBytes) return;
  throw new StartError(
    `With PostgreSQL, a user, a namespace, and a key or agent can have at most ${maxNameBytes} bytes in total, because of ` +
      `its indexes. --max-agent-bytes (also for users), --max-namespace-bytes and --max-key-bytes allow ${total}: lower them.`,
    2,
  );
}
