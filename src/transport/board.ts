import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { Asset } from "./graphiql/asset.ts";
import { refuse, reply, sendAsset } from "./send-asset.ts";

/** Allows only the page's own files and this server. Styles are files, or are set by scripts. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** The folder in which `npm run build` writes the page. */
const folder = fileURLToPath(new URL("../../dist/board/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

interface Board {
  readonly page: Asset;
  /** The files, by their names below /board/. Each name contains a hash of the content. */
  readonly assets: ReadonlyMap<string, Asset>;
}

let board: Promise<Board> | undefined;

/** Reads the page and its files at the first request. If that fails, the next request tries again. */
function loadBoard(): Promise<Board> {
  board ??= readBoard().catch((error: unknown) => {
    board = undefined;
    throw new Error("The board could not be loaded. npm run build creates it.", { cause: error });
  });
  return board;
}

async function readBoard(): Promise<Board> {
  const names = await readdir(`${folder}board`);
  const assets = names.map(async (name): Promise<[string, Asset]> => {
    const type = types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return [name, new Asset(type, await readFile(`${folder}board/${name}`))];
  });
  const page = await readFile(`${folder}index.html`);
  return {
    page: new Asset("text/html; charset=utf-8", page),
    assets: new Map(await Promise.all(assets)),
  };
}

/** Serves the board at GET /, and its files at /board/*. Returns false for other paths. */
export function serveBoard(request: IncomingMessage, response: ServerResponse): boolean {
  const { method, url = "" } = request;
  const [path = ""] = url.split("?", 1);
  if (path !== "/" && !path.startsWith("/board/")) return false;
  const form = { contentSecurityPolicy, isImmutable: path !== "/" };
  if (method !== "GET" && method !== "HEAD") {
    refuse(response, 405, form, { Allow: "GET, HEAD" });
    return true;
  }
  reply(response, form, async () => {
    const { page, assets } = await loadBoard();
    const asset = path === "/" ? page : assets.get(path.slice("/board/".length));
    if (asset) await sendAsset(request, response, asset, form);
    else refuse(response, 404, form);
  });
  return true;
}
