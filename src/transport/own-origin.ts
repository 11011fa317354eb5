import type { IncomingMessage } from "node:http";
import { BatonError } from "../errors.ts";

/** Whether a request comes from a program or from a page of this server. Browsers send the origin of a page. */
export function isOfOwnOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** @throws FORBIDDEN for a web page of another origin */
export function requireOwnOrigin(request: IncomingMessage): void {
  if (isOfOwnOrigin(request)) return;
  throw new BatonError(
    "FORBIDDEN",
    "Web pages of other origins cannot use this server (--cors none).",
  );
}
