import type { IncomingMessage, ServerResponse } from "node:http";
import { loadSite } from "./graphiql/site.ts";
import { refuse, reply, sendAsset } from "./send-asset.ts";

/**
 * Allows only what Monaco and GraphiQL need: inline styles and data: fonts, but no inline script, eval or other origin.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const form = { contentSecurityPolicy, isImmutable: false };

/**
 * Serves the GraphiQL page for GET /graphql from a browser (Accept: text/html), and its assets at /graphiql/*. Returns
 * false for other requests.
 */
export function serveGraphiql(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const reads = request.method === "GET" || request.method === "HEAD";
  if (path === "/graphql") {
    if (!reads || !request.headers.accept?.includes("text/html")) return false;
    reply(response, form, async () => sendAsset(request, response, (await loadSite()).page, form));
    return true;
  }
  if (path !== "/graphiql" && !path.startsWith("/graphiql/")) return false;
  const name = path.slice("/graphiql/".length);
  if (!reads) refuse(response, 405, form, { Allow: "GET, HEAD" });
  else if (name === "") refuse(response, 302, form, { Location: "/graphql" });
  else {
    reply(response, form, async () => {
      const asset = (await loadSite()).assets.get(name);
      if (!asset) return refuse(response, 404, form);
      const isImmutable = new URLSearchParams(query).get("v") === asset.hash;
      await sendAsset(request, response, asset, { ...form, isImmutable });
    });
  }
  return true;
}
