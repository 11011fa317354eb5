import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, test } from "vitest";
import { get as read, set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { baton } from "../process/baton-process.ts";
import { follow } from "./follow.ts";
import { eras, McpClient, type McpClientOptions } from "./mcp-client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** `baton mcp`, started by the protocol's own client. */
async function connect(options: McpClientOptions, env: Record<string, string> = {}) {
  const connected = new McpClient(options);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [baton, "mcp"],
    env: { BATON_URL: server.url, BATON_TOKEN: server.token, ...env },
  });
  await connected.client.connect(transport);
  return connected;
}

test.each(eras)("baton mcp serves %s over standard input and output", async (era) => {
  await using client = await connect({ era, name: "Claude Desktop" });
  expect((await client.client.listTools()).tools.length).toBeGreaterThan(9);
  const value = { text: "line\nline\u2028ü🙂" };
  await client.call("set", { key: "piped", value });
  expect(await read(server, "piped")).toMatchObject({ value, updatedBy: "Claude Desktop" });
  expect(await client.call("get", { key: "piped" })).toMatchObject({ value });
  expect(await client.refused("get", { key: 1 })).toMatchObject({ code: "BAD_USER_INPUT" });
  const uri = "baton://default/piped";
  const { contents } = await client.client.readResource({ uri });
  expect(contents).toMatchObject([{ text: JSON.stringify(value) }]);

  await using followed = await follow(client, era, [uri]);
  const waiting = client.call("wait_for", { key: "signal" });
  await set(server, { key: "piped", value: 1 });
  expect(await followed.next()).toBe(uri);
  await set(server, { key: "signal", value: "go" });
  expect(await waiting).toMatchObject({ value: "go" });

  // A cancelled call does not delay other calls.
  const abort = new AbortController();
  const cancelled = client.answer("wait_for", { key: "never" }, abort.signal).catch(() => "ended");
  abort.abort();
  expect(await cancelled).toBe("ended");
  expect(await client.call("get", { key: "signal" })).toMatchObject({ value: "go" });
});

test("G13: baton mcp forwards messages and responses unchanged", async () => {
  const value = '{"n":12345678901234567890123,"f":1.0,"line":"\u2028"}';
  const line = (id: number, name: string, sent: string) =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"baton_${name}","arguments":${sent}}}\n`;
  const command = spawn(process.execPath, [baton, "mcp"], {
    env: { BATON_URL: server.url, BATON_TOKEN: server.token, BATON_AGENT: "exact" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = command.stdout.setEncoding("utf8")[Symbol.asyncIterator]();
  command.stdin.write(line(1, "set", `{"key":"exact","value":${value}}`));
  expect(JSON.parse((await answers.next()).value)).toMatchObject({ id: 1 });
  command.stdin.write(line(2, "get", '{"key":"exact"}'));
  expect((await answers.next()).value).toContain(`"value":${value}`);
  expect(await read(server, "exact")).toMatchObject({ updatedBy: "exact" });
  // When the calling program has ended, its running calls are cancelled.
  command.stdin.end(line(3, "wait_for", '{"key":"never","timeoutSeconds":60}'));
  expect(await once(command, "close")).toEqual([0, null]);
});

test("G3: baton mcp continues its notifications after a restart of the server", async () => {
  await using restarted = await startTestServer();
  const port = Number(new URL(restarted.url).port);
  const env = { BATON_URL: restarted.url, BATON_TOKEN: restarted.token };
  await using client = await connect({ era: "2025" }, env);
  const uri = "baton://default/k";
  await using followed = await follow(client, "2025", [uri]);
  await set(restarted, { key: "k", value: 1 });
  expect(await followed.next()).toBe(uri);
  await restarted.restart({ port });
  // Changes during the restart are not known, so the client is notified to read again.
  expect(await followed.next()).toBe(uri);
  await set(restarted, { key: "k", value: 2 });
  expect(await followed.next()).toBe(uri);
  expect(await client.call("get", { key: "k" })).toMatchObject({ value: 2 });
});

test("baton mcp says what to do if no server responds, or if the token is invalid", async () => {
  const gone = await startTestServer();
  const { url } = gone;
  await gone.close();
  await expect(connect({ era: "2025" }, { BATON_URL: url })).rejects.toThrow(/baton serve/);
  await expect(connect({ era: "2025" }, { BATON_TOKEN: "wrong" })).rejects.toThrow(
    `This token is not known by Baton at ${server.url}. Set BATON_TOKEN in the client's configuration.`,
  );
  const plain = { BATON_URL: server.url.replace("http:", "https:") };
  await expect(connect({ era: "2025" }, plain)).rejects.toThrow(/cannot be reached: /);
  const untrusted = createServer({
    cert: readFileSync("test/tls/first.cert.pem"),
    key: readFileSync("test/tls/first.key.pem"),
  }).listen(0, "127.0.0.1");
  await once(untrusted, "listening");
  const { port } = untrusted.address() as AddressInfo;
  const secure = { BATON_URL: `https://127.0.0.1:${port}` };
  await expect(connect({ era: "2025" }, secure)).rejects.toThrow(/NODE_EXTRA_CA_CERTS/);
  untrusted.close();
});
