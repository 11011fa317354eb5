import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { StartError } from "../start-error.ts";
import type { Metrics } from "./metrics.ts";

/** Where metrics are served. */
export interface MetricsEndpoint {
  /** `http://<host>:<port>/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the metrics without a token, on an address of their own: whoever may read them need not be one who may reach
 * the API, and a busy API does not share its limits with them.
 * @param address `<host>:<port>`, or a port of 127.0.0.1
 * @throws StartError when that is not an address or is taken
 */
export async function serveMetrics(metrics: Metrics, address: string): Promise<MetricsEndpoint> {
  const [, host = "127.0.0.1", port] = /^(?:(.+):)?(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new StartError(
      `--metrics (BATON_METRICS) is <address>:<port>, such as 127.0.0.1:9464; not ${JSON.stringify(address)}.`,
    );
  }
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("Metrics are at /metrics.\n");
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "Content-Type": metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  try {
    server.listen(Number(port), host.replace(/^\[(.*)\]$/, "$1"));
    await once(server, "listening");
  } catch (error) {
    throw new StartError(`Metrics can't be served on ${address}: ${(error as Error).message}`);
  }
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound.port}/metrics`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
