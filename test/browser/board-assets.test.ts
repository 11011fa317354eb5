import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveBoard } from "../../src/transport/board.ts";

describe("the board's page and files over HTTP", () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (!serveBoard(request, response)) response.writeHead(418).end("someone else");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = (path: string, method = "GET") =>
    fetch(url + path, { method, headers: { "accept-encoding": "gzip" } });

  test("the page is small, has a policy without exceptions, and its files are cached permanently", async () => {
    const page = await get("/");
    const policy = page.headers.get("content-security-policy");
    expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|data:|http/);
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const paths = (await page.text()).match(/board\/[\w.-]+/g) ?? [];
    expect(paths.length).toBeGreaterThan(1);
    let bytes = 0;
    for (const path of paths) {
      const file = await get(`/${path}`);
      expect(file.headers.get("cache-control"), path).toContain("immutable");
      expect(file.headers.get("content-encoding"), path).toBe("gzip");
      bytes += Number(file.headers.get("content-length"));
      await file.arrayBuffer();
    }
    // Before the editor is opened.
    expect(bytes).toBeLessThan(250_000);
  });

  test("other paths below /board return 404, and all other paths are left to the server", async () => {
    expect((await get("/board/nothing.js")).status).toBe(404);
    expect((await get("/board/..%2findex.html")).status).toBe(404);
    expect((await get("/", "POST")).headers.get("allow")).toBe("GET, HEAD");
    expect((await get("/graphql")).status).toBe(418);
    expect((await get("/boards")).status).toBe(418);
  });
});
