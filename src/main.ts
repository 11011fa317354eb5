import pino, { type Logger } from "pino";
import { options, type Config } from "./config.ts";
import { startServer, type BatonServer } from "./server.ts";
import { shellWord } from "./shell-word.ts";
import { whenIdle } from "./when-idle.ts";

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
  if (config.tlsCertFile !== "") process.on("SIGHUP", () => reloadTls(server, logger));
  // Now: whoever waits for this may stop it at once.
  logger.info(
    {
      url: server.url,
      database: server.database,
      ...(server.metricsUrl ? { metrics: server.metricsUrl } : {}),
    },
    "started",
  );
  whenIdle(() => server.warmUp());
  process.stdout.write(welcome(server, config.dataDir, process.stdout.isTTY));
}

/** Where the new files can't be used, those before stay. */
function reloadTls(server: BatonServer, logger: Logger): void {
  try {
    server.reloadTls();
    logger.info("read the certificate again");
  } catch (error) {
    logger.error({ err: error }, "the certificate can't be used; the one before stays");
  }
}

/**
 * @param isTerminal whether a person reads it. Otherwise it may be kept, as the log of a container is, so it has no
 * secret in it.
 */
function welcome(
  { url, localToken, database }: BatonServer,
  dataDir: string,
  isTerminal: boolean,
): string {
  const link = localToken && isTerminal ? `#token=${localToken.secret}` : "";
  return [
    "Baton serves.",
    `  Board      ${url}/${link}`,
    `  GraphiQL   ${url}/graphql${link}`,
    `  Token      ${localToken?.file ?? `none in this data directory; make one with: ${remakeCommand(dataDir)}`}`,
    `  API        ${url}/graphql`,
    `  Data       ${database}`,
    "",
    "",
  ].join("\n");
}

function remakeCommand(dataDir: string): string {
  const folder =
    dataDir === options.dataDir.default ? "" : ` --${options.dataDir.flag} ${shellWord(dataDir)}`;
  return `baton token create --user local --save${folder}`;
}
