import { readFile } from "node:fs/promises";
import { Asset } from "./asset.ts";
import { adaptWorker } from "./graphql-worker.ts";
import { icon, renderPage } from "./page.ts";
import { renderStartScript } from "./start-script.ts";
import { tabs } from "./tabs.ts";

export interface Site {
  page: Asset;
  /** The assets, by their names below /graphiql/. */
  assets: ReadonlyMap<string, Asset>;
}

/** The folder in which `npm run build` writes the parts of the package `@graphql-yoga/render-graphiql`. */
const folder = new URL("../../../dist/graphiql/", import.meta.url);

const script = "text/javascript; charset=utf-8";

let site: Promise<Site> | undefined;

/** Builds the page and its assets at the first request. If that fails, the next request tries again. */
export function loadSite(): Promise<Site> {
  site ??= buildSite().catch((error) => {
    site = undefined;
    throw new Error("GraphiQL could not be loaded", { cause: error });
  });
  return site;
}

async function buildSite(): Promise<Site> {
  const read = (name: string) => readFile(new URL(name, folder));
  const assets = new Map([
    ["app.js", new Asset(script, await read("app.js"))],
    ["app.css", new Asset("text/css; charset=utf-8", await read("app.css"))],
    ["editor-worker.js", new Asset(script, await read("editor-worker.js"))],
    ["graphql-worker.js", new Asset(script, adaptWorker(await read("graphql-worker.js")))],
    ["json-worker.js", new Asset(script, await read("json-worker.js"))],
    ["icon.svg", new Asset("image/svg+xml", icon)],
  ]);
  // Relative, so that the page also works behind a proxy that serves it below another path.
  const urlOf = (name: string) => `graphiql/${name}?v=${assets.get(name)?.hash}`;
  const startScript = renderStartScript({
    icon,
    tabs,
    workers: {
      editorWorkerService: urlOf("editor-worker.js"),
      graphql: urlOf("graphql-worker.js"),
      json: urlOf("json-worker.js"),
    },
  });
  assets.set("start.js", new Asset(script, startScript));
  return { assets, page: new Asset("text/html; charset=utf-8", renderPage(urlOf)) };
}
