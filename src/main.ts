import pino, { type Logger } from "pino";
import type { Config } from "./config.ts";
import { hostInUrl } from "./listen.ts";
import { remakeToken } from "./remake-token.ts";
import { loadModules, startServer, type BatonServer } from "./server.ts";
import { isThisMachine } from "./this-machine.ts";
import { describeUnknown, unknownVariables } from "./unknown-variables.ts";

/** Starts the server, prints its addresses, and serves until SIGINT or SIGTERM. */
export async function serve(config: Config): Promise<void> {
  // Standard output is for the operator; the log goes to standard error.
  const logger = pino(
    { level: config.logLevel, base: null },
    pino.destination({ dest: 2, sync: true }),
  );
  await loadModules();
  const server = await startServer(config, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A terminal signals the whole process group, and npm forwards the signal again. The second signal has no effect.
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
  process.on("SIGHUP", (signal) => {
    // A terminal that closes sends this signal too.
    if (server.reloads.size === 0 && process.stdout.isTTY) stop(signal);
    else void reload(server, logger);
  });
  // A program that waits for this line can stop the server immediately, so the handlers above come first.
  logger.info(
    {
      url: server.url,
      host: config.host,
      database: server.database,
      ...(server.metricsUrl ? { metrics: server.metricsUrl } : {}),
    },
    "started",
  );
  for (const warning of warnings(config)) logger.warn(warning);
  process.stdout.write(welcome(server, config, process.stdout.isTTY));
}

/** What probably is not as the operator wants it, although the server can run. */
function warnings({ host, tlsCertFile }: Config): string[] {
  const isOpen = tlsCertFile === "" && !isThisMachine(hostInUrl(host));
  return [
    ...unknownVariables().map(describeUnknown),
    ...(isOpen
      ? [
          `listens on ${host} without TLS: tokens can be read on the way. Use --tls-cert-file, or a proxy with TLS.`,
        ]
      : []),
  ];
}

/** Reads again what can be read without a restart. Files that cannot be used change nothing. */
async function reload({ reloads }: BatonServer, logger: Logger): Promise<void> {
  if (reloads.size === 0) logger.info("SIGHUP: there is nothing to read again");
  for (const [what, read] of reloads) {
    try {
      await read();
      logger.info(`read ${what} again`);
    } catch (error) {
      logger.error({ err: error }, `${what} cannot be read again; nothing has changed`);
    }
  }
}

/**
 * @param isTerminal whether a person reads the text. If not, it can be kept, like the log of a container, so it
 * contains no secret.
 */
function welcome(
  { url, localToken, database }: BatonServer,
  config: Config,
  isTerminal: boolean,
): string {
  const link = localToken && isTerminal ? `#token=${localToken.secret}` : "";
  return [
    "Baton is running.",
    ...(config.board === "on" ? [`  Board      ${url}/${link}`] : []),
    ...(config.graphiql === "on" ? [`  GraphiQL   ${url}/graphql${link}`] : []),
    `  Token      ${localToken?.file ?? `none in this data directory; create one${remakeToken(config)}`}`,
    `  API        ${url}/graphql`,
    `  Data       ${database}`,
    "",
    "",
  ].join("\n");
}
