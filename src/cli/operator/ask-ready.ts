import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import type { Config } from "../../config.ts";
import { urlOf } from "../../listen.ts";

/** The time in which a server must respond. */
export const timeoutMs = 3_000;

/** What a server says of itself. */
export interface Readiness {
  /** Where it was asked. */
  readonly url: string;
  /** Null if it is ready, `absent` if nothing answers, else why it is not. */
  readonly problem: string | null;
}

/**
 * Asks the server that this configuration would start whether it is ready: over HTTPS where it has a certificate. That is not
 * checked: it may name only the host that others use, and nothing secret is sent.
 */
export async function askReady({
  host,
  port,
  tlsCertFile,
}: Pick<Config, "host" | "port" | "tlsCertFile">): Promise<Readiness> {
  const isSecure = tlsCertFile !== "";
  const url = urlOf(isSecure ? "https" : "http", host, port);
  const options = { signal: AbortSignal.timeout(timeoutMs), agent: false };
  const path = `${url}/health/ready`;
  try {
    const request = isSecure
      ? getHttps(path, { ...options, rejectUnauthorized: false })
      : getHttp(path, options);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const body = (await json(response).catch(() => ({}))) as { status?: string; reason?: string };
    const isReady = response.statusCode === 200 && body.status === "ready";
    return { url, problem: isReady ? null : (body.reason ?? `it answered ${response.statusCode}`) };
  } catch {
    return { url, problem: "absent" };
  }
}
