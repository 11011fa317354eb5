import type { IncomingMessage } from "node:http";
import { BatonError } from "../errors.ts";
import { isEncrypted } from "./transport-security.ts";

/**
 * Whether a request comes from a program or from a page of this server. Browsers send the origin of a page. If the
 * connection uses TLS, a page of this server does, too. Otherwise, a proxy with TLS can be in front of this server, so that
 * the scheme of its pages is not known.
 */
export function isOfOwnOrigin({ headers: { origin, host }, socket }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.host === host && (page.protocol === "https:" || !isEncrypted(socket));
}

/** @throws FORBIDDEN for a web page of another origin */
export function requireOwnOrigin(request: IncomingMessage): void {
  if (isOfOwnOrigin(request)) return;
  throw new BatonError(
    "FORBIDDEN",
    "Web pages of other origins cannot use this server (--cors none).",
  );
}
