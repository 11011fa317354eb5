import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "./client.ts";
import { compile, started } from "./document.ts";
import { get, set, setMany } from "./operations.ts";
import { serveProcess, temporaryFolder } from "./process/baton-process.ts";

const execute = promisify(execFile);

describe("what the documents show, done as they show it", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Awaited<ReturnType<typeof serveProcess>>;
  let readme: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await serveProcess(`${folder.path}/data`);
    readme = await readFile("README.md", "utf8");
  });
  afterAll(async () => {
    await server.kill("SIGTERM");
    await folder[Symbol.asyncDispose]();
  });

  /** The blocks of a language, with this server's address for the documented one. */
  function blocks(document: string, language: string): string[] {
    return [...document.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(
      ([, block]) => (block as string).replaceAll("http://127.0.0.1:4000", server.url),
    );
  }

  test("README: a subscription by curl shows the handoff by curl, and a read finds it", async () => {
    const [wait, handOver, read] = blocks(readme, "sh").filter((block) => block.startsWith("curl"));
    const waiting = spawn("sh", ["-c", `exec ${wait}`], { cwd: folder.path });
    let shown = "";
    const shows = (pattern: RegExp) => expect.poll(() => shown).toMatch(pattern);
    waiting.stdout.on("data", (chunk) => (shown += String(chunk)));
    try {
      await shows(/CAUGHT_UP/);
      const handed = await execute("sh", ["-c", handOver as string], { cwd: folder.path });
      expect(JSON.parse(handed.stdout)).toEqual({ data: { setEntry: { revision: "1" } } });
      const [expected] = blocks(readme, "text");
      await shows(/data-ready/);
      expect(shown).toContain((expected as string).trim());
      const found = await execute("sh", ["-c", read as string], { cwd: folder.path });
      expect(JSON.parse(found.stdout).data.entry).toMatchObject({
        value: { rows: 1200 },
        revision: "1",
        updatedBy: "producer",
      });
    } finally {
      waiting.kill();
    }
  });

  test("README: an agent's program compiles, and sets, waits, counts, claims and watches", async () => {
    const [program = ""] = blocks(readme, "ts");
    await compile(program);
    const code = program.replace("data/local.token", join(folder.path, "data/local.token"));
    await using shown = await started(code, {});
    expect((await shown.whole()).split("\n")).toEqual([
      "EXISTING meta { completed: 1 }",
      "EXISTING raw { rows: 1201 }",
      "EXISTING task:1 { words: 4 }",
      "CAUGHT_UP null undefined",
      "",
    ]);
  });

  test("README: a token made by its command, for the running server", async () => {
    const [commands] = blocks(readme, "sh").filter((block) => block.startsWith("npx baton"));
    const baton = `${process.execPath} ${process.cwd()}/dist/cli/baton.js`;
    const { stdout } = await execute(
      "sh",
      ["-c", (commands as string).replaceAll("npx baton", baton)],
      {
        cwd: folder.path,
      },
    );
    expect(stdout).toMatch(/^baton_\S+\n/);
    expect(stdout).toMatch(/local +parser +read,write +pipeline:\* .* valid/);
  });

  test("README: its two commands are the scripts there are, and its links lead somewhere", async () => {
    expect(blocks(readme, "sh")[0]).toMatch(/^npm ci && npm start .*\nnpm ci && npm test /);
    const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) await execute("test", ["-e", link]);
  });

  test("docs/coordination.md: its operations do what it says", async () => {
    const page = await readFile("docs/coordination.md", "utf8");
    const [writes, transaction, wait, claims] = blocks(page, "graphql") as [
      string,
      string,
      string,
      string,
    ];
    const counted = await query(server, writes);
    expect(counted.incrementEntry.entry.value).toEqual({ completed: 1 });
    expect(counted.patchEntry.entry.value).toEqual({ completed: 1, phase: "parse" });
    expect(counted.appendToEntry.entry.value).toEqual(["file-17"]);

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

  test("docs/coordination.md: its worker completes every task once, and counts them", async () => {
    const page = await readFile("docs/coordination.md", "utf8");
    const program = join(folder.path, "worker.mjs");
    await writeFile(program, blocks(page, "js")[0] as string);
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
    const env = { ...process.env, BATON_URL: server.url, BATON_TOKEN: server.token };
    const worker = () => execute(process.execPath, ["--input-type=module", "-e", script], { env });
    await Promise.all([worker(), worker(), worker()]);
    expect((await get(server, "meta", "work"))?.value).toEqual({ completed: 12 });
    for (const key of keys) expect((await get(server, key, "work"))?.value).toEqual(["todo", 1]);
  });
});
