import type { IncomingMessage } from "node:http";
import { BatonError } from "../errors.ts";

/** Whether a request comes from a program, or from a page of this server. Browsers say of which site a page is. */
export function isOfOwnOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** @throws FORBIDDEN for a page of another site */
export function requireOwnOrigin(request: IncomingMessage): void {
  if (isOfOwnOrigin(request)) return;
  throw new BatonError("FORBIDDEN", "Pages of other sites may not use this server (--cors none).");
}
