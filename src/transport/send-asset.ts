import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { Asset, Encoding } from "./graphiql/asset.ts";

const oneYearSeconds = 31_536_000;

/** How a page and its assets are sent. */
export interface AssetForm {
  readonly contentSecurityPolicy: string;
  /** Whether the URL contains a hash of the content, so that browsers can cache it without a limit. */
  readonly isImmutable: boolean;
}

/** The headers of every response. A worker obeys the policy of the response that contains it. */
function securityHeaders({ contentSecurityPolicy }: AssetForm) {
  return {
    "Content-Security-Policy": contentSecurityPolicy,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
}

/** Responds with `work`, or with status 500 if it fails. */
export function reply(response: ServerResponse, form: AssetForm, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    process.emitWarning(error instanceof Error ? error : String(error));
    if (response.headersSent) response.destroy();
    else refuse(response, 500, form);
  });
}

/** Sends a file in an encoding that the browser accepts, or status 304 if the browser has it already. */
export async function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  asset: Asset,
  form: AssetForm,
): Promise<void> {
  const encoding = chooseEncoding(request.headers["accept-encoding"]);
  const tag = `"${asset.hash}-${encoding}"`;
  const headers = {
    ...securityHeaders(form),
    "Cache-Control": form.isImmutable ? `public, max-age=${oneYearSeconds}, immutable` : "no-cache",
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

export function refuse(
  response: ServerResponse,
  status: number,
  form: AssetForm,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...securityHeaders(form),
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
