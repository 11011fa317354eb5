import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveGraphiql } from "../../src/transport/graphiql.ts";

describe("GraphiQL's page and assets over HTTP", () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (!serveGraphiql(request, response)) response.writeHead(418).end("someone else");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(url + path, { method, headers, redirect: "manual" });
  const html = { accept: "text/html,*/*;q=0.8" };

  test("a browser receives the page, small and with a strict policy; GraphQL clients reach the API", async () => {
    const page = await get("/graphql", html);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await page.text()).length).toBeLessThan(10_000);

    const head = await get("/graphql", html, "HEAD");
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");

    expect(
      (await get("/graphql?query=%7Bviewer%7Buser%7D%7D", { accept: "application/json" })).status,
    ).toBe(418);
    expect((await get("/graphql", html, "POST")).status).toBe(418);
    expect((await get("/health/live", html)).status).toBe(418);
  });

  test("every asset of the page is cached permanently under its hash, and compressed", async () => {
    const page = await (await get("/graphql", html)).text();
    const startPath = /graphiql\/start\.js\?v=[\w-]+/.exec(page)?.[0];
    const start = await (await get(`/${startPath}`)).text();
    const paths = `${page}${start}`.match(/graphiql\/[\w.-]+\?v=[\w-]+/g) ?? [];
    expect(paths).toHaveLength(7);
    for (const path of paths) {
      const asset = await get(`/${path}`, { "accept-encoding": "gzip, br" });
      expect(asset.status, path).toBe(200);
      expect(asset.headers.get("cache-control"), path).toContain("immutable");
      expect(asset.headers.get("content-encoding"), path).toBe("br");
      expect(asset.headers.get("vary"), path).toContain("Accept-Encoding");
      expect(asset.headers.get("content-security-policy"), path).toContain("default-src 'none'");
      await asset.arrayBuffer();
    }
  });

  test("the encoding is one that the client accepts, and all carry the same content", async () => {
    const sizes: number[] = [];
    const texts: string[] = [];
    for (const [accepted, chosen] of [
      ["gzip, deflate, br, zstd", "br"],
      ["gzip;q=0.5, br;q=0", "gzip"],
      ["*", "br"],
      ["identity", null],
    ] as const) {
      const asset = await get("/graphiql/app.js", { "accept-encoding": accepted });
      expect(asset.headers.get("content-encoding"), accepted).toBe(chosen);
      sizes.push(Number(asset.headers.get("content-length")));
      texts.push(await asset.text());
    }
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain("renderYogaGraphiQL");
    expect(sizes[0]).toBeLessThan(1_400_000);
  });

  test("without its hash, an asset is revalidated with a separate tag for each encoding", async () => {
    const plain = await get("/graphiql/start.js", { "accept-encoding": "identity" });
    expect(plain.headers.get("cache-control")).toBe("no-cache");
    const tag = plain.headers.get("etag") ?? "";
    const unchanged = { "accept-encoding": "identity", "if-none-match": `"other", W/${tag}` };
    expect((await get("/graphiql/start.js", unchanged)).status).toBe(304);
    expect(
      (await get("/graphiql/start.js", { "accept-encoding": "br", "if-none-match": tag })).status,
    ).toBe(200);
    expect((await get("/graphiql/start.js?v=stale")).headers.get("cache-control")).toBe("no-cache");
  });

  test("other paths and methods below /graphiql are refused", async () => {
    expect((await get("/graphiql/nothing.js")).status).toBe(404);
    expect((await get("/graphiql/constructor")).status).toBe(404);
    expect((await get("/graphiql/app.js", {}, "POST")).headers.get("allow")).toBe("GET, HEAD");
    expect((await get("/graphiql")).headers.get("location")).toBe("/graphql");
    expect((await get("/graphiqlx")).status).toBe(418);
  });
});
