import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { boardLink } from "../../examples/demo/board-link.ts";
import type { Config } from "../../src/config.ts";
import { query } from "../client.ts";
import { set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { Program } from "./program.ts";

describe("examples/demo", { timeout: 120_000 }, () => {
  let folder: string;
  let server: TestServer | null;
  let demo: Program | null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-demo-test-"));
    server = demo = null;
    vi.stubEnv("TMPDIR", folder);
    vi.stubEnv("BATON_DATA_DIR", folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await demo?.kill();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function start(url: string, token: string, ...args: string[]): Program {
    return (demo = new Program("demo/run.ts", args, { url, token }));
  }

  /** On a server that already has an entry. */
  async function startAgainst(config: Partial<Config> = {}, ...args: string[]): Promise<Program> {
    server = await startTestServer(config);
    await set(server, { namespace: "mine", key: "kept", value: 1 });
    return start(server.url, server.token, ...args);
  }

  /** Adds a program with this name to the PATH. It writes its argument to a file. */
  async function catchOpened(name: string): Promise<() => Promise<string>> {
    const file = join(folder, "opened");
    await writeFile(
      join(folder, name),
      `#!/bin/sh\nprintf %s "$1" > "${file}.part" && mv "${file}.part" "${file}"\n`,
    );
    await chmod(join(folder, name), 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    const read = () => readFile(file, "utf8").catch(() => "");
    return async () => {
      await expect.poll(read).not.toBe("");
      return read();
    };
  }

  /** Expects that no entries and no processes are left. */
  async function expectNothingLeft({ lines }: Program): Promise<void> {
    const { namespaces } = await query(server as TestServer, "{ namespaces { nodes { name } } }");
    expect(namespaces.nodes).toEqual([{ name: "mine" }]);
    expect(processesOf(prefixIn(lines))).toEqual([]);
  }

  /** Finds agents by the prefix of the namespaces, which is one of their arguments. */
  function processesOf(prefix: string): string[] {
    const all = execFileSync("ps", ["-A", "-o", "args="], { encoding: "utf8" });
    return all.split("\n").filter((args) => args.includes(prefix));
  }

  function prefixIn(lines: readonly string[]): string {
    const [prefix = ""] = /demo:[0-9a-f]{8}:/.exec(lines[0] ?? "") ?? [];
    expect(prefix).not.toBe("");
    return prefix;
  }

  test("without a server, it starts one, runs all scenes, and removes the server", async () => {
    demo = new Program("demo/run.ts", [], { url: "", token: "" });
    const { exit, lines, complaints } = demo;
    expect(await exit, complaints.join("\n")).toBe(0);
    expect(complaints).toEqual([]);
    const shown = lines.join("\n");
    expect(shown).toMatch(/producer +→ consumer +report-000001, revision \d+\n/);
    expect(shown).toMatch(/consumer +→ producer +answer\/report-000006: \d+ words\n/);
    expect(shown).toMatch(/killed the consumer.*(\n.*)+started the consumer again/);
    expect(shown).toMatch(/killed that worker: (task:\d+) .*(\n.*)+\1 of .* taken over\n/);
    expect(shown).toMatch(/progress +(\d+) of \1 tasks\n/);
    expect(shown).toMatch(/✓ (\d+) tasks, each completed once; .* is \1\n/);
    expect(lines.filter((line) => line.includes("✓"))).toHaveLength(4);
    expect(shown, "no colours, because the output is not a terminal").not.toContain("\u001b");

    const [, url = ""] = /^Baton at (\S+), started for this demo/.exec(lines[0] ?? "") ?? [];
    await expect(fetch(url)).rejects.toThrow("fetch failed");
    expect(processesOf(prefixIn(lines))).toEqual([]);
    const left = await readdir(folder);
    expect(left.filter((name) => name.startsWith("baton-demo-"))).toEqual([]);
  });

  test("on a running server, it opens the board, and leaves nothing behind when it is interrupted", async () => {
    const opened = await catchOpened(process.platform === "darwin" ? "open" : "xdg-open");
    const stopped = await startAgainst({}, "--board");
    await stopped.said(" ", 3);
    const { url, token } = server as TestServer;
    expect(await opened()).toBe(boardLink(url, token, prefixIn(stopped.lines)));
    expect(processesOf(prefixIn(stopped.lines))).not.toEqual([]);
    await stopped.kill("SIGINT");
    expect(await stopped.exit).toBe(130);
    expect(stopped.complaints.at(-1)).toBe("Stopped.");
    await expectNothingLeft(stopped);
  });

  test("on a running server, it leaves nothing behind when an agent fails", async () => {
    const failed = await startAgainst({ maxBatchOperations: 1 });
    expect(await failed.exit).toBe(2);
    expect(failed.complaints.join("\n")).toContain("handoff/producer ended with 2.");
    await expectNothingLeft(failed);
  });

  test("reports a named server that cannot be reached in one line", async () => {
    const { exit, complaints } = start("http://127.0.0.1:1", "token");
    expect(await exit).toBe(2);
    expect(complaints).toEqual([expect.stringContaining("Baton at http://127.0.0.1:1 cannot be")]);
  });
});
