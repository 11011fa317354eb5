import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import { request, socketClient, subscribeOn, subscribeBySse } from "../client.ts";
import { LogLines } from "../log-lines.ts";
import { eras, McpClient } from "../mcp/mcp-client.ts";
import { set } from "../operations.ts";

describe("the log at debug", () => {
  const lines = new LogLines();
  let dataDir: string;
  let server: Awaited<ReturnType<typeof startServer>>;
  let reached: { readonly url: string; readonly token: string };
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "baton-test-"));
    const logger = pino({ level: "debug" }, lines.stream);
    server = await startServer(defaultConfig({ port: 0, dataDir }), logger);
    reached = { url: server.url, token: server.localToken?.secret ?? "" };
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const operations: readonly [document: string, operation: string, errorCode?: string][] = [
    ["query Who { viewer { user } }", "query Who: viewer"],
    ["{ a: viewer { user } entries { nodes { key } } }", "query: viewer, entries"],
    [
      "{ ...F ... { viewer { user } } } fragment F on Query { viewer { user } }",
      "query: ...F, ...",
    ],
    [
      'mutation Twice { setEntry(input: { key: "confidential", value: "confidential", ifRevision: "99" }) { revision } }',
      "mutation Twice: setEntry",
      "CONFLICT",
    ],
    [
      "query Large { entries(first: 501) { nodes { key } } }",
      "query Large: entries",
      "LIMIT_EXCEEDED",
    ],
    [
      "query Variable($confidential: Int!) { entries(first: $confidential) { nodes { key } } }",
      "query Variable: entries",
      "BAD_USER_INPUT",
    ],
  ];

  test.each(operations)("has a line for %s over HTTP", async (document, operation, errorCode) => {
    await request(reached.url, reached.token, document, {}, { agent: "worker-1" });
    const line = await lines.find(
      (found) => found.operation === operation && found.msg === "request",
    );
    expect(line).toMatchObject({
      user: "local",
      agent: "worker-1",
      method: "POST",
      path: "/graphql",
      status: 200,
      durationMs: expect.any(Number),
    });
    expect(line.errorCode).toBe(errorCode);
  });

  test.each(operations)("has a line for %s on a socket", async (document, operation, errorCode) => {
    const client = socketClient(reached.url, { token: reached.token, agent: "worker-2" });
    await subscribeOn(client, document)
      .next()
      .catch(() => {});
    const line = await lines.find(
      (found) => found.operation === operation && found.msg === "operation on a socket",
    );
    expect(line).toMatchObject({
      user: "local",
      agent: "worker-2",
      durationMs: expect.any(Number),
    });
    expect(line.errorCode).toBe(errorCode);
    await client.dispose();
  });

  test("has a line for each subscription, when it ends", async () => {
    await set(reached, { key: "k", value: 1 });
    const document = (name: string) =>
      `subscription ${name}($after: Revision) { entryChanged(after: $after) { key } }`;
    const client = socketClient(reached.url, { token: reached.token });
    const onSocket = subscribeOn(client, document("OnSocket"), { after: "0" });
    await onSocket.next();
    await onSocket[Symbol.asyncDispose]();
    const bySse = await subscribeBySse(reached, document("BySse"), { after: "0" });
    await bySse.next();
    await bySse[Symbol.asyncDispose]();
    for (const name of ["OnSocket", "BySse"]) {
      const line = await lines.find(
        ({ operation }) => operation === `subscription ${name}: entryChanged`,
      );
      expect(line).toMatchObject({ user: "local", agent: null });
      expect(line.errorCode).toBeUndefined();
    }
    const refused = { after: "99999999" };
    await subscribeOn(client, document("Refused"), refused)
      .next()
      .catch(() => {});
    await subscribeBySse(reached, document("RefusedBySse"), refused)
      .then((events) => events.next())
      .catch(() => {});
    for (const name of ["Refused", "RefusedBySse"]) {
      const line = await lines.find(
        ({ operation }) => operation === `subscription ${name}: entryChanged`,
      );
      expect(line.errorCode).toBe("BAD_USER_INPUT");
    }
    await client.dispose();
  });

  test("has the code of a request that is refused before its operation is read", async () => {
    await request(reached.url, "baton_confidential", "{ viewer { user } }");
    await lines.find(({ status, errorCode }) => status === 401 && errorCode === "UNAUTHENTICATED");
    await request(reached.url, reached.token, "{ nothing }");
    await lines.find(
      ({ user, operation, errorCode }) =>
        user === "local" && operation === undefined && errorCode === "BAD_USER_INPUT",
    );
    const client = socketClient(reached.url, { token: "baton_confidential" });
    await subscribeOn(client, "{ viewer { user } }")
      .next()
      .catch(() => {});
    await lines.find(
      ({ msg, errorCode }) => msg === "operation on a socket" && errorCode === "UNAUTHENTICATED",
    );
    await client.dispose();
  });

  test.each(eras)("has a line for each MCP request of %s", async (era) => {
    const name = `model-${era}`;
    await using client = await McpClient.connect(reached, { era, name });
    const lineOf = async (operation: string, isRefused: boolean) => {
      const line = await lines.find(
        (found) =>
          found.agent === name &&
          found.operation === operation &&
          (found.errorCode !== undefined) === isRefused,
      );
      expect(line).toMatchObject({
        msg: "request",
        user: "local",
        method: "POST",
        path: "/mcp",
        status: expect.any(Number),
        durationMs: expect.any(Number),
      });
      return line;
    };
    await client.call("set", { key: "confidential", value: "confidential" });
    await lineOf("tools/call baton_set", false);
    await client.refused("set", { key: "confidential", value: 1, ifRevision: "99" });
    expect((await lineOf("tools/call baton_set", true)).errorCode).toBe("CONFLICT");
    await client.client.callTool({ name: "confidential", arguments: {} }).catch(() => {});
    expect((await lineOf("tools/call", true)).errorCode).toBe("BAD_USER_INPUT");
    await client.client.readResource({ uri: "baton://default/confidential" });
    await lineOf("resources/read", false);
    await client.client.readResource({ uri: "baton://default/confidential-2" }).catch(() => {});
    expect((await lineOf("resources/read", true)).errorCode).toBe("BAD_USER_INPUT");
  });

  test("contains no tokens, keys or values", () => {
    const text = JSON.stringify(lines.all);
    expect(text).not.toContain("confidential");
    expect(text).not.toContain(reached.token);
  });
});
