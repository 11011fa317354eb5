import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { query } from "./client.ts";
import {
  blocksOf,
  codeIn,
  compile,
  requirePython,
  Shown,
  started,
  type Block,
} from "./document.ts";
import { claim, complete, get, mutate, requeue, set, setMany } from "./operations.ts";
import { temporaryFolder } from "./process/baton-process.ts";
import { startTestServer, type TestServer } from "./server.ts";

describe("the examples of docs/*.md", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const environment = () => ({ BATON_URL: server.url, BATON_TOKEN: server.token });

  describe("docs/graphql.md", () => {
    const isStream = ({ code }: Block) => code.includes("text/event-stream");

    test("its curl requests get the shown responses, and streams and sockets the shown events", async () => {
      await using folder = await temporaryFolder();
      const { path: cwd } = folder;
      await symlink(server.dataDir, join(cwd, "data"));
      const blocks = await blocksOf("docs/graphql.md", server);
      const shell = blocks.filter((block) => block.language === "sh" && !isStream(block));
      const script = shell.map(({ code }) => code).join("echo ----\n");
      await using asked = new Shown("sh", ["-euc", script], { cwd });
      const [, ...answers] = (await asked.whole()).split("----\n");
      expect(answers.map(jsonLines)).toEqual(codeIn(blocks, "json").map((code) => asShown(code)));

      const texts = codeIn(blocks, "text");
      const streams = blocks.filter(isStream);
      expect([streams.length, texts.length]).toEqual([2, 2]);
      const prelude = shell[0]?.code ?? "";
      for (const [index, { code }] of streams.entries()) {
        await using stream = new Shown("sh", ["-euc", `${prelude}exec ${code}`], { cwd });
        await stream.shows(texts[index] as string);
      }

      const [program = ""] = codeIn(blocks, "js");
      const args = ["--input-type=module", "-e", program];
      await using follower = new Shown(process.execPath, args, { env: environment() });
      await follower.shows("SET plan\nSET count\n");
    });
  });

  describe("docs/quick-start.md", () => {
    async function program(): Promise<{ code: string; texts: string[] }> {
      const blocks = await blocksOf("docs/quick-start.md", server);
      return { code: codeIn(blocks, "ts").join("\n"), texts: codeIn(blocks, "text") };
    }

    test("its blocks are one program, which prints the shown output, and prints it again in a second run", async () => {
      const { code, texts } = await program();
      const expected = texts.flatMap((text) => text.trim().split("\n"));
      const run = async () => {
        await using shown = await started(code, environment());
        return (await shown.whole()).split("\n");
      };
      // The lines of the watch can come in between, and the second run has other revisions.
      const steady = (lines: readonly string[]) =>
        lines
          .filter((line) => !/^(EXISTING|SET|the snapshot) /.test(line))
          .map((line) => line.replace(/^\d+ planner$/, "planner"));
      const lines = await run();
      expect(lines.filter((line) => expected.includes(line))).toEqual(expected);
      expect(steady(await run())).toEqual(steady(lines));
      expect(lines).toContain("the snapshot is complete");
      expect((await get(server, "task:1", "job-17:tasks"))?.value).toEqual({
        file: "a.md",
        words: 4,
      });
    });

    test("it compiles, and so do the types of the client and of libraries", async () => {
      const { code } = await program();
      await compile(code);
    });
  });

  describe("docs/coordination.md", () => {
    const blocksIn = async (language: string) =>
      codeIn(await blocksOf("docs/coordination.md", server), language);

    test("its operations have the described effects", async () => {
      const [writes, creation, transaction, wait, claims] = (await blocksIn("graphql")) as [
        string,
        string,
        string,
        string,
        string,
      ];
      const counted = await query(server, writes);
      expect(counted.incrementEntry.entry.value).toEqual({ completed: 1 });
      expect(counted.patchEntry.entry.value).toEqual({ completed: 1, phase: "parse" });
      expect(counted.appendToEntry.entry.value).toEqual(["file-17"]);

      expect((await query(server, creation)).createEntry.entry.key).toMatch(/^event:/);

      const { transact } = await query(server, transaction);
      expect(transact.results.map(({ deleted }: { deleted: boolean }) => deleted)).toEqual([
        null,
        null,
        false,
      ]);
      await expect(query(server, transaction)).rejects.toMatchObject({
        code: "CONFLICT",
        extensions: { argument: "input.conditions.0", currentValue: "planner" },
      });

      const waiting = query(server, wait);
      await set(server, { namespace: "handoff", key: "data-ready", value: 7 });
      expect((await waiting).awaitEntry).toMatchObject({ value: expect.anything() });

      await set(server, { namespace: "work", key: "task:0001", value: "todo" });
      const [take = ""] = claims.split("mutation Done");
      const { entry, claim } = (await query(server, take)).claimEntry;
      expect([entry, claim.attempt]).toEqual([{ key: "task:0001", value: "todo" }, 1]);
      await query(server, claims.slice(take.length), {
        key: entry.key,
        token: claim.token,
        result: "done",
      });
      expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 1 });
      expect((await query(server, take)).claimEntry).toEqual({ entry: null, claim: null });
    });

    test("work fails, is dead-lettered and restarts as described", async () => {
      const [failing = "", letters = "", stuck = "", followed = "", again = ""] = (
        await blocksIn("graphql")
      ).slice(5);
      const namespace = "work";
      const key = "task:0001";
      await mutate(server, "clearNamespace", "revision", { namespace });
      await set(server, { namespace, key, value: "todo" });
      const taken = await claim(server, { namespace, maxAttempts: 1 });
      const variables = { key, token: taken.claim.token, error: { message: "why" } };
      expect((await query(server, failing, variables)).failClaim).toEqual({
        claimableAt: null,
        deadLettered: true,
      });
      expect((await query(server, letters)).deadLetters.nodes).toMatchObject([
        { entry: { key, value: "todo" }, attempt: 1, error: { message: "why" } },
      ]);
      await requeue(server, { namespace, key });
      const { token } = (await claim(server, { namespace })).claim;
      await complete(server, { namespace, key, token });
      expect((await query(server, followed)).viewer).toEqual({
        subscribers: { subscriptionCount: 0, waitCount: 0, slowest: [] },
        headRevisionsAgo: [expect.any(String), expect.any(String), expect.any(String)],
      });
      expect((await query(server, again)).transact.results[1]).toEqual({ reopened: true });
      expect((await claim(server, { namespace })).entry.value).toEqual({ page: 2 });
      await mutate(server, "clearNamespace", "revision", { namespace });
      await set(server, { namespace, key: "task:7", value: "todo" });
      await claim(server, { namespace });
      expect((await query(server, stuck)).revokeClaim).toEqual({ revoked: true });
      await mutate(server, "clearNamespace", "revision", { namespace });
    });

    test("its worker completes every task once, and counts them", async () => {
      await using folder = await temporaryFolder();
      const program = join(folder.path, "worker.mjs");
      const [code = ""] = await blocksIn("js");
      await writeFile(program, code);
      const keys = Array.from({ length: 12 }, (_, index) => `task:${index}`);
      await setMany(
        server,
        "work",
        keys.map((key) => ({ key, value: "todo" })),
      );
      await set(server, { namespace: "work", key: "meta", value: { completed: 0 } });
      const script = `
        const { workUntilDone } = await import(${JSON.stringify(pathToFileURL(program).href)});
        await workUntilDone(
          async (value, attempt) => [value, attempt],
          async (call) => (await call('{ entry(namespace: "work", key: "meta") { value } }')).entry.value.completed >= 12,
          20,
        );`;
      const args = ["--input-type=module", "-e", script];
      const worker = async () => {
        await using shown = new Shown(process.execPath, args, { env: environment() });
        await shown.whole();
      };
      await Promise.all([worker(), worker(), worker()]);
      expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 12 });
      for (const key of keys) expect((await get(server, key, "work"))?.value).toEqual(["todo", 1]);
    });
  });

  describe("docs/python.md", () => {
    test("its programs print the shown output", async ({ skip }) => {
      await requirePython(skip);
      const blocks = await blocksOf("docs/python.md", server);
      const programs = codeIn(blocks, "python").join("\n");
      await using shown = new Shown("python3", ["-c", programs], {
        env: { ...environment(), PYTHONPATH: "python", PYTHONDONTWRITEBYTECODE: "1" },
      });
      expect(await shown.whole()).toBe(codeIn(blocks, "text").join(""));
    });
  });
});

function jsonLines(text: string): unknown[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

/** The expectation of a block with one or several responses. Members that it leaves out, and values after `…`, can be anything. */
function asShown(code: string): unknown[] {
  let answers: unknown[];
  try {
    answers = [JSON.parse(code)];
  } catch {
    answers = jsonLines(code);
  }
  return answers.map((answer) => matching(answer));
}

function matching(value: unknown): unknown {
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringContaining(value.slice(0, -1));
  }
  if (Array.isArray(value)) return value.map((item) => matching(item));
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).map(([name, member]) => [name, matching(member)]);
  return expect.objectContaining(Object.fromEntries(members));
}
