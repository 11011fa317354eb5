import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A web page of another origin can read it, too: `Access-Control-Expose-Headers` names it. */
export const requestIdHeader = "X-Request-Id";

/** Generated IDs begin with it, so that they differ between processes. */
const prefix = randomBytes(6).toString("base64url");
let count = 0;

/** Returns the ID that the caller, or a proxy in front of this server, gave to the request; otherwise a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers["x-request-id"];
  const isUsable = typeof sent === "string" && /^[\w.:/+=-]{1,128}$/.test(sent);
  return isUsable ? sent : `${prefix}-${++count}`;
}
