import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const requestIdHeader = "X-Request-Id";
/** The headers of a response that a web page of another origin can read, in addition to those that browsers allow. */
export const readableHeaders = requestIdHeader;

/** Generated IDs begin with it, so that they differ between processes. */
const prefix = randomBytes(6).toString("base64url");
let count = 0;

/** Returns the ID that the caller, or a proxy in front of this server, gave to the request; otherwise a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers["x-request-id"];
  const isUsable = typeof sent === "string" && /^[\w.:/+=-]{1,128}$/.test(sent);
  return isUsable ? sent : `${prefix}-${++count}`;
}
