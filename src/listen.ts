import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/**
 * Listens on the address of the API.
 * @returns the URL of the server, without a trailing slash
 * @throws StartError if the address is not one of this machine, or the port is in use or not permitted
 */
export async function listen(
  http: Server,
  scheme: string,
  { host, port }: Pick<Config, "host" | "port">,
): Promise<string> {
  try {
    http.listen(port, host);
    await once(http, "listening");
  } catch (error) {
    throw new StartError(listenError(error as NodeJS.ErrnoException, host, port));
  }
  const address = http.address() as AddressInfo;
  return urlOf(scheme, host, address.port);
}

/** The URL, on this machine, of a server that listens on this host and port. */
export function urlOf(scheme: string, host: string, port: number): string {
  const own = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${hostInUrl(own)}:${port}`;
}

/** A host as URLs write it. */
export function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function listenError({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is in use. Stop the program that listens on it, or choose another port with --port (BATON_PORT).`;
    case "EACCES":
      return `Port ${port} of ${host} needs more permissions than this process has. Choose one above 1023 with --port (BATON_PORT).`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine. Choose another with --host (BATON_HOST).`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${message}`;
  }
}
