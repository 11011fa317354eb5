import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { resolve } from "node:path";
import type { Config } from "../../config.ts";
import { hostInUrl, listen } from "../../listen.ts";
import { listenForMetrics, metricsAddress } from "../../metrics/serve-metrics.ts";
import { isThisMachine } from "../../this-machine.ts";
import { isToken } from "../flags/connection.ts";
import { askReady, timeoutMs } from "./ask-ready.ts";
import { failure, failureOf, ok, warning, type Finding } from "./finding.ts";

/** The address, and the server that listens there. If none does, whether one can listen there. */
export async function checkListening(config: Config): Promise<Finding[]> {
  const address = await checkAddress(config);
  // With port 0, each start chooses another port.
  if (address.result === "failure" || config.port === 0) {
    return [address, ...(await checkMetrics(config, false))];
  }
  const { url, problem } = await askReady(config);
  const isFree = problem === "absent";
  return [
    address,
    isFree
      ? await checkPort(config, url)
      : problem === null
        ? await checkStore(config, url)
        : failure("server", `not ready at ${url}: ${problem}`),
    ...(await checkMetrics(config, isFree)),
  ];
}

/**
 * Whether the server that is ready accepts the local token, as `baton` sends it to a server on this machine. A server of
 * another store does not. The token is not sent if it could be read on the way, or by a server whose certificate was not
 * checked.
 */
async function checkStore({ dataDir }: Config, url: string): Promise<Finding> {
  const ready = `a server is ready at ${url}`;
  const file = resolve(dataDir, "local.token");
  const token = (await readFile(file, "utf8").catch(() => "")).trim();
  const { protocol, hostname } = new URL(url);
  if (!isToken(token) || protocol !== "http:" || !isThisMachine(hostname)) {
    return ok("server", ready);
  }
  const answer = await fetch(`${url}/graphql?query={viewer{user}}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => null);
  return answer?.status === 401
    ? warning(
        "server",
        `${ready}, but refuses the token in ${file}. It probably has another store.`,
      )
    : ok("server", ready);
}

async function checkAddress({ host, tlsCertFile }: Config): Promise<Finding> {
  const [unusable] = await failureOf("address", () =>
    briefly((server) => listen(server, "http", { host, port: 0 })),
  );
  if (unusable) return unusable;
  if (isThisMachine(hostInUrl(host))) {
    return ok("address", `listens on ${host}, for this machine only`);
  }
  const message = `listens on ${host}, for other machines too`;
  return tlsCertFile === ""
    ? warning("address", `${message}. Encrypt the way to it, or tokens can be read on it.`)
    : ok("address", `${message}, with TLS`);
}

async function checkPort(config: Config, url: string): Promise<Finding> {
  const [occupied] = await failureOf("server", () =>
    briefly((server) => listen(server, "http", config)),
  );
  return occupied ?? ok("server", `none answers at ${url}`);
}

/** @param isFree whether no server runs, so that its port for metrics must be free */
async function checkMetrics({ metrics }: Config, isFree: boolean): Promise<Finding[]> {
  if (metrics === "") return [];
  return failureOf("metrics", () =>
    isFree ? briefly((server) => listenForMetrics(server, metrics)) : metricsAddress(metrics),
  );
}

/** Closes the server directly after it has started to listen. */
async function briefly(start: (server: Server) => Promise<unknown>): Promise<void> {
  const server = createServer();
  try {
    await start(server);
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}
