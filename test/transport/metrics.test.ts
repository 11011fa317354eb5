import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import type { Metrics } from "../../src/metrics/metrics.ts";
import { serveMetrics } from "../../src/metrics/serve-metrics.ts";
import { startServer, type BatonServer } from "../../src/server.ts";
import { query, request, socketClient, subscribe, subscribeOn } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { McpClient } from "../mcp/mcp-client.ts";
import { claim, complete, fail, mutate, release, set } from "../operations.ts";
import type { OwnDatabase } from "../own-database.ts";

/** The value of each sample, by its name and labels. */
async function samplesOf({ metricsUrl }: BatonServer): Promise<Record<string, number>> {
  const response = await fetch(String(metricsUrl));
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n").filter((line) => /^[a-z]/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space))];
    }),
  );
}

const silent = pino({ level: "silent" });

describe.each(plainDatabases)("metrics on $name", ({ name, create }) => {
  let own: OwnDatabase;
  let dataDir: string;
  let baton: BatonServer;
  let server: { url: string; token: string };
  beforeAll(async () => {
    own = await create();
    dataDir = await mkdtemp(join(tmpdir(), "baton-metrics-"));
    const config = defaultConfig({ ...own.config, dataDir, port: 0, metrics: "127.0.0.1:0" });
    baton = await startServer(config, silent);
    server = { url: baton.url, token: baton.localToken?.secret ?? "" };
  });
  afterAll(async () => {
    await baton.close();
    await own[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  const samples = () => samplesOf(baton);

  test("measures the delay of the event loop", async () => {
    const delay = "nodejs_eventloop_lag_max_seconds";
    // A reading restarts the measurement, which misses a delay that follows immediately.
    await vi.waitFor(async () => {
      const end = performance.now() + 300;
      while (performance.now() < end);
      expect((await samples())[delay]).toBeGreaterThan(0.2);
    }, 10_000);
  });

  test("counts operations by kind, name and code, and commits by their contents", async () => {
    const document = `mutation Hand($key: String!, $ifRevision: Revision) {
      setEntry(input: { key: $key, value: 1, ifRevision: $ifRevision }) { revision }
    }`;
    await query(server, document, { key: "k" });
    await expect(query(server, document, { key: "k", ifRevision: "0" })).rejects.toThrow(
      "CONFLICT",
    );
    await query(server, '{ entry(key: "k") { value } }');
    const found = await samples();
    expect(found).toMatchObject({
      'baton_operations_total{kind="mutation",name="Hand",code="OK"}': 1,
      'baton_operations_total{kind="mutation",name="Hand",code="CONFLICT"}': 1,
      'baton_operations_total{kind="query",name="anonymous",code="OK"}': 1,
      'baton_operation_duration_seconds_count{kind="mutation"}': 2,
      baton_commit_commands_sum: 2,
      baton_commits_failed_total: 0,
      baton_database_up: 1,
      baton_users: 1,
      baton_log_changes: 1,
      baton_log_head_revisions: 1,
      baton_log_compacted_revisions: 0,
    });
    const ageSeconds = Date.now() / 1_000 - Number(found.baton_log_oldest_change_timestamp_seconds);
    expect(Math.abs(ageSeconds)).toBeLessThan(60);
    const pool = Object.keys(found).filter((key) => key.startsWith("baton_database_connections{"));
    expect(pool.length).toBe(name === "SQLite" ? 0 : 3);
  });

  test("counts each event of a claim once, when it is committed", async () => {
    const namespace = "claims";
    for (const key of ["a", "b", "c"]) await set(server, { namespace, key, value: 1 });
    const granted = async (more = {}) => {
      const { claim: held, entry } = await claim(server, { namespace, ...more });
      return { namespace, key: entry.key as string, token: held.token as string };
    };
    const once = { idempotencyKey: "once" };
    const first = await granted(once);
    expect(await granted(once)).toEqual(first);
    await complete(server, first);
    await expect(complete(server, first)).rejects.toThrow("CLAIM_LOST");
    await fail(server, { ...(await granted()), retry: false });
    await release(server, { ...(await granted()), delaySeconds: 0 });
    await granted();
    const revoke = { namespace, key: "c" };
    await mutate(server, "revokeClaim", "revoked", revoke);
    await mutate(server, "revokeClaim", "revoked", revoke);
    await granted({ leaseSeconds: 1 });
    await vi.waitFor(() => granted(), { timeout: 10_000 });
    expect(await samples()).toMatchObject({
      'baton_claims_total{event="granted"}': 6,
      'baton_claims_total{event="completed"}': 1,
      'baton_claims_total{event="failed"}': 1,
      'baton_claims_total{event="released"}': 1,
      'baton_claims_total{event="revoked"}': 1,
      'baton_claims_total{event="expired"}': 1,
    });
  });

  test("counts the calls of tools by name and code", async () => {
    await using client = await McpClient.connect(server);
    await client.call("get", { key: "k" });
    await client.refused("set", { key: "k", value: 1, ifRevision: "0" });
    await client.client.callTool({ name: "made-up", arguments: {} }).catch(() => {});
    await client.client.readResource({ uri: "baton://default/k" });
    const found = await samples();
    expect(found).toMatchObject({
      'baton_operations_total{kind="mcp",name="baton_get",code="OK"}': 1,
      'baton_operations_total{kind="mcp",name="baton_set",code="CONFLICT"}': 1,
      'baton_operations_total{kind="mcp",name="other",code="BAD_USER_INPUT"}': 1,
      'baton_operations_total{kind="mcp",name="resources/read",code="OK"}': 1,
      'baton_operation_duration_seconds_count{kind="mcp"}': 4,
    });
  });

  test("callers cannot create more than 200 names", async () => {
    for (let index = 0; index < 210; index++) {
      await query(server, `query Name${index} { __typename }`);
    }
    const found = await samples();
    const names = Object.keys(found).filter((key) => key.startsWith("baton_operations_total"));
    expect(names.length).toBeLessThan(210);
    expect(
      found['baton_operations_total{kind="query",name="other",code="OK"}'],
    ).toBeGreaterThanOrEqual(10);
  });

  test("shows subscribers, waits and the lag of the slowest", async () => {
    await using live = subscribe(server, "subscription { entryChanged(snapshot: true) { kind } }");
    await live.until(({ kind }) => kind === "CAUGHT_UP");
    const waiting = query(
      server,
      '{ awaitEntry(key: "waited-for", timeoutSeconds: 60) { value } }',
    );
    await vi.waitFor(async () => expect(await samples()).toMatchObject({ baton_waiting_calls: 1 }));
    expect(await samples()).toMatchObject({
      baton_subscribers: 1,
      baton_subscribers_catching_up: 0,
      baton_subscriber_lag_max_revisions: 0,
    });
    // It requests events and reads none.
    const { hostname, port } = new URL(server.url);
    const stuck = connect(Number(port), hostname);
    const body = JSON.stringify({ query: "subscription { entryChanged { entry { value } } }" });
    stuck.write(
      `POST /graphql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${server.token}\r\nAccept: text/event-stream\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    stuck.pause();
    await vi.waitFor(async () => expect(await samples()).toMatchObject({ baton_subscribers: 2 }));
    const large = "x".repeat(1_000_000);
    for (let index = 0; index < 24; index++) await set(server, { key: "large", value: large });
    await vi.waitFor(async () => {
      const found = await samples();
      expect(found.baton_subscribers_catching_up).toBe(1);
      expect(found.baton_subscriber_lag_max_revisions).toBeGreaterThan(3);
    });
    stuck.destroy();
    await set(server, { key: "waited-for", value: 1 });
    await waiting;
    await vi.waitFor(async () =>
      expect(await samples()).toMatchObject({
        baton_waiting_calls: 0,
        baton_subscribers: 1,
        baton_subscriber_lag_max_revisions: 0,
      }),
    );
  });

  test("the alerts, the dashboard and the page name metrics that exist", async () => {
    const text = await (await fetch(String(baton.metricsUrl))).text();
    const existing = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, metric]) => metric));
    for (const file of ["alerts.yml", "dashboard.json", "README.md"]) {
      const page = await readFile(`docs/monitoring/${file}`, "utf8");
      const named = [...page.matchAll(/\b(?:baton|nodejs|process)_[a-z0-9_]+[a-z0-9]\b/g)].map(
        ([metric]) => metric.replace(/(?<!baton_commit_commands)_(?:bucket|sum|count)$/, ""),
      );
      expect(named.length).toBeGreaterThan(3);
      for (const metric of named) {
        expect([file, metric, existing.has(metric.replace(/_(?:sum|count)$/, ""))]).toEqual([
          file,
          metric,
          true,
        ]);
      }
    }
  });
});

test("counts requests and operations that are refused before execution", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "baton-metrics-"));
  const config = { dataDir, port: 0, metrics: "127.0.0.1:0", maxUserReadsPerSecond: 1 };
  const baton = await startServer(defaultConfig(config), silent);
  const token = baton.localToken?.secret ?? "";
  const read = "{ viewer { user } }";
  /** Sends a read until one is refused, because a refill can admit it. */
  const untilLimited = async (send: () => Promise<unknown>) => {
    while (!JSON.stringify(await send()).includes("RATE_LIMITED"));
  };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const client = socketClient(baton.url, { token });
  const stranger = socketClient(baton.url, { token: "unknown" });
  const on = (socket: typeof client) => () =>
    subscribeOn(socket, read)
      .next()
      .catch(({ code }: { code: string }) => code);
  await request(baton.url, token, "{ nothing }");
  await untilLimited(() => request(baton.url, token, read));
  await untilLimited(on(client));
  await untilLimited(async () => {
    const sent = { method: "POST", headers, body: JSON.stringify(call) };
    return (await fetch(`${baton.url}/mcp`, sent)).text();
  });
  await request(baton.url, "unknown", read);
  await request(baton.url, null, read);
  await on(stranger)();
  const found = await samplesOf(baton);
  expect(found).toMatchObject({
    'baton_refused_total{transport="http",code="RATE_LIMITED"}': 1,
    'baton_refused_total{transport="http",code="UNAUTHENTICATED"}': 2,
    'baton_refused_total{transport="http",code="BAD_USER_INPUT"}': 1,
    'baton_refused_total{transport="websocket",code="RATE_LIMITED"}': 1,
    'baton_refused_total{transport="websocket",code="UNAUTHENTICATED"}': 1,
    'baton_refused_total{transport="mcp",code="RATE_LIMITED"}': 1,
    'baton_refused_total{transport="mcp",code="UNAUTHENTICATED"}': 0,
  });
  expect(Object.keys(found).filter((key) => key.includes("RATE_LIMITED")).length).toBe(3);
  await Promise.all([client.dispose(), stranger.dispose()]);
  await baton.close();
  await rm(dataDir, { recursive: true });
});

test.for(["nowhere", "127.0.0.1:99999", "host:", "999.1.1.1:1"])(
  "the start reports that metrics cannot be served on %s",
  async (address) => {
    const metrics = { text: async () => "", contentType: "text/plain" } as Metrics;
    await expect(serveMetrics(metrics, address)).rejects.toThrow(/--metrics|cannot be served/);
  },
);
