import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Config } from "./config.ts";
import { HttpRequest } from "./http-request.ts";
import { StartError } from "./start-error.ts";
import { takeHandshakesInTurns } from "./tls-handshakes.ts";

/** The maximum duration of a TLS handshake, and of the wait for its first bytes. */
const handshakeTimeoutMs = 10_000;

/** Node closes a connection whose next headers are not complete in time. The interval is that of Node's checks. */
const connectionTimes = { headersTimeout: 15_000, connectionsCheckingInterval: 2_500 };

/** An HTTP server, with TLS if the configuration names a certificate. */
export interface ListeningServer {
  readonly http: Server;
  readonly scheme: "http" | "https";
  /**
   * Reads the certificate and the key again. Open connections keep the previous ones.
   * @throws StartError if they cannot be used; the previous ones stay in use
   */
  reloadTls(): void;
}

/**
 * Creates the server, which has no listener of requests and does not listen yet. Node measures the time for headers from the start of a connection, and
 * from the first byte of each further request.
 * @throws StartError if the files of the certificate and key cannot be used
 */
export function createListeningServer(
  config: Pick<Config, "tlsCertFile" | "tlsKeyFile">,
  times = connectionTimes,
): ListeningServer {
  const { tlsCertFile, tlsKeyFile } = config;
  const options = { ...times, IncomingMessage: HttpRequest };
  if (tlsCertFile === "" && tlsKeyFile === "") {
    return { http: createHttpServer(options), scheme: "http", reloadTls: () => {} };
  }
  if (tlsCertFile === "" || tlsKeyFile === "") {
    throw new StartError("TLS needs both --tls-cert-file and --tls-key-file.", 2);
  }
  const read = () => ({
    cert: readPem("--tls-cert-file", tlsCertFile),
    key: readPem("--tls-key-file", tlsKeyFile),
    minVersion: "TLSv1.2" as const,
  });
  const usable = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      if (error instanceof StartError) throw error;
      const { message } = error as Error;
      throw new StartError(`${tlsCertFile} and ${tlsKeyFile} cannot be used for TLS: ${message}`);
    }
  };
  const https: HttpsServer = usable(() =>
    createHttpsServer({ ...read(), ...options, handshakeTimeout: handshakeTimeoutMs }),
  );
  takeHandshakesInTurns(https, handshakeTimeoutMs);
  return {
    http: https,
    scheme: "https",
    reloadTls: () => usable(() => https.setSecureContext(read())),
  };
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`The file of ${option} cannot be read: ${file} (${code}).`);
  }
}
