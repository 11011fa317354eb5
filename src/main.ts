import pino from "pino";
import type { Config } from "./config.ts";
import { startServer, type BatonServer } from "./server.ts";

/** Starts the server, tells its person what they need, and serves until SIGINT or SIGTERM. */
export async function serve(config: Config): Promise<void> {
  // Standard output is for the person; the log goes to standard error.
  const logger = pino(
    { level: config.logLevel, base: null },
    pino.destination({ dest: 2, sync: true }),
  );
  const server = await startServer(config, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A terminal signals the whole group, and npm passes it on once more: the second changes nothing.
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, "stopping");
    server.close().then(
      () => {
        logger.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, "stopping failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // Now: whoever waits for this may stop it at once.
  logger.info({ url: server.url, database: server.database }, "started");
  process.stdout.write(welcome(server));
}

function welcome({ url, localToken, database }: BatonServer): string {
  const signIn = localToken
    ? [`  GraphiQL   ${url}/graphql#token=${localToken.secret}`, `  Token      ${localToken.file}`]
    : [
        `  GraphiQL   ${url}/graphql`,
        "  Token      none in this data directory; make one with: baton token create --user local",
      ];
  return [
    "Baton serves.",
    ...signIn,
    `  API        ${url}/graphql`,
    `  Data       ${database}`,
    "",
    "",
  ].join("\n");
}
