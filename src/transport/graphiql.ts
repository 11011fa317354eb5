import type { IncomingMessage, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Asset, Encoding } from "./graphiql/asset.ts";
import { loadSite } from "./graphiql/site.ts";

const oneYearSeconds = 31_536_000;

/** What Monaco and GraphiQL need, and nothing else: inline styles and data: fonts, but no inline script, no eval and no other origin. */
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

/** Workers obey the policy of their own response, so every answer carries these. */
const securityHeaders = {
  "Content-Security-Policy": contentSecurityPolicy,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Answers GET /graphql from a browser (Accept: text/html) with the GraphiQL page, and /graphiql/* with its assets;
 * false when the request is for someone else.
 */
export function serveGraphiql(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const reads = request.method === "GET" || request.method === "HEAD";
  if (path === "/graphql") {
    if (!reads || !request.headers.accept?.includes("text/html")) return false;
    void answer(response, async () => send(request, response, (await loadSite()).page));
    return true;
  }
  if (path !== "/graphiql" && !path.startsWith("/graphiql/")) return false;
  const name = path.slice("/graphiql/".length);
  if (!reads) refuse(response, 405, { Allow: "GET, HEAD" });
  else if (name === "") refuse(response, 302, { Location: "/graphql" });
  else {
    void answer(response, async () => {
      const asset = (await loadSite()).assets.get(name);
      if (!asset) return refuse(response, 404);
      const immutable = new URLSearchParams(query).get("v") === asset.hash;
      await send(request, response, asset, immutable);
    });
  }
  return true;
}

async function answer(response: ServerResponse, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
    if (response.headersSent) response.destroy();
    else refuse(response, 500);
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  asset: Asset,
  immutable = false,
): Promise<void> {
  const encoding = chooseEncoding(request.headers["accept-encoding"]);
  const tag = `"${asset.hash}-${encoding}"`;
  const headers = {
    ...securityHeaders,
    "Cache-Control": immutable ? `public, max-age=${oneYearSeconds}, immutable` : "no-cache",
    ETag: tag,
    Vary: "Accept, Accept-Encoding",
  };
  if (listsTag(request.headers["if-none-match"], tag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const body = await asset.encoded(encoding);
  response.writeHead(200, {
    ...headers,
    "Content-Type": asset.type,
    "Content-Length": body.length,
    ...(encoding === "identity" ? {} : { "Content-Encoding": encoding }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function refuse(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...securityHeaders,
    ...headers,
    "Content-Type": "text/plain; charset=utf-8",
  });
  response.end(`${STATUS_CODES[status]}\n`);
}

function chooseEncoding(accepted = ""): Encoding {
  const quality = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(",")) {
    const [name = "", weight = "1"] = part.trim().split(/\s*;\s*q\s*=\s*/);
    quality.set(name, Number(weight));
  }
  const accepts = (name: string) => (quality.get(name) ?? quality.get("*") ?? 0) > 0;
  return (["br", "gzip"] as const).find(accepts) ?? "identity";
}

function listsTag(ifNoneMatch: string | undefined, tag: string): boolean {
  return (
    ifNoneMatch !== undefined &&
    ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === tag)
  );
}
