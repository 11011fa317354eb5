import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpRequest } from "../http-request.ts";
import { StartError } from "../start-error.ts";
import type { Metrics } from "./metrics.ts";

/** The endpoint that serves the metrics. */
export interface MetricsEndpoint {
  /** `http://<host>:<port>/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the metrics without a token, on a separate address. A system that reads them does not need access to the API,
 * and the limits of a busy API do not apply to it.
 * @param address `<host>:<port>`, or a port of 127.0.0.1
 * @throws StartError if the address is invalid or in use
 */
export async function serveMetrics(metrics: Metrics, address: string): Promise<MetricsEndpoint> {
  const server = createServer({ IncomingMessage: HttpRequest }, (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("Metrics are at /metrics.\n");
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "Content-Type": metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  const url = await listenForMetrics(server, address);
  return {
    url,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Listens on the address of the metrics.
 * @returns the URL of the metrics
 * @throws StartError if the address is invalid or in use
 */
export async function listenForMetrics(server: Server, address: string): Promise<string> {
  const { host, port } = metricsAddress(address);
  try {
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"));
    await once(server, "listening");
  } catch (error) {
    throw new StartError(`Metrics cannot be served on ${address}: ${(error as Error).message}`);
  }
  const bound = server.address() as AddressInfo;
  return `http://${host}:${bound.port}/metrics`;
}

/** @throws StartError if the address is invalid */
export function metricsAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host = "127.0.0.1", port] = /^(?:(.+):)?(\d{1,5})$/.exec(address) ?? [];
  if (port !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new StartError(
    `--metrics (BATON_METRICS) must be <address>:<port>, such as 127.0.0.1:9464, or a port of 127.0.0.1, but is ${JSON.stringify(address)}.`,
    2,
  );
}
