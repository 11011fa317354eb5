import { once } from "node:events";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, test } from "vitest";
import * as documents from "../../src/client/documents.ts";
import { testBrowser } from "../browser/find-chromium.ts";
import { launchChromium } from "../browser/launch-chromium.ts";
import { startTestServer } from "../server.ts";

/** The client as a bundler writes it, for any runtime. */
async function bundle() {
  const { outputFiles, metafile } = await build({
    entryPoints: ["src/client/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    write: false,
    metafile: true,
  });
  return { code: outputFiles[0]?.text ?? "", metafile };
}

test("every operation of the client is valid in schema.graphql", async () => {
  const schema = buildSchema(await readFile("schema.graphql", "utf8"));
  const sent = Object.entries(documents);
  expect(sent.length).toBeGreaterThan(20);
  for (const [name, document] of sent) {
    expect(validate(schema, parse(document)), name).toEqual([]);
  }
});

test("the client has at most 15 kB gzipped, and imports nothing from elsewhere", async () => {
  const { code, metafile } = await bundle();
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(15_000);
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((path) => !path.startsWith("src/client/"))).toEqual([]);
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
});

const executablePath = testBrowser();
if (!executablePath)
  console.warn(
    "SKIPPED: the client in a browser. To run it: BATON_TEST_BROWSER=1 npx vitest run test/sdk/standards.test.ts",
  );

describe.skipIf(!executablePath)("the client in a browser", () => {
  test("a page of another origin sets, claims, waits and watches", async () => {
    await using server = await startTestServer();
    const { code } = await bundle();
    const files: Record<string, string> = {
      "/client.mjs": code,
      "/agent.mjs": await readFile("test/sdk/browser-agent.mjs", "utf8"),
    };
    const site = createServer((request, response) => {
      const script = files[request.url ?? ""];
      response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
      response.end(script ?? "<!doctype html><title>agent</title>");
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    const browser = await launchChromium(executablePath!);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      const options = JSON.stringify({ url: server.url, token: server.token });
      const seen = await page.evaluate(`import("/agent.mjs").then(({ run }) => run(${options}))`);
      expect(seen).toEqual({
        changes: [
          ["EXISTING", "task:1", "Browser größe"],
          ["CAUGHT_UP", null, null],
          ["SET", "task:1", "Browser größe"],
        ],
        isConflict: true,
        value: "done",
      });
    } finally {
      await browser.close();
      site.close();
    }
  });
});
