import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { query } from "../client.ts";
import { set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

const thisRepository = fileURLToPath(new URL("../..", import.meta.url));

/** Low limits, so that a few small files reach each of them. */
const smallLimits: Partial<Config> = {
  maxBatchOperations: 7,
  maxBodyBytes: 20_000,
  maxValueBytes: 8_000,
  maxKeyBytes: 100,
  maxPageBytes: 10_000,
};

describe("examples/repository-ingestion", () => {
  let folder: string;
  let server: TestServer | null;
  let programs: Program[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-repository-"));
    server = null;
    programs = [];
  });
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function write(files: Record<string, string | Buffer>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
  }

  function run(name: "ingest" | "find", ...args: string[]) {
    return ended(new Program(`repository-ingestion/${name}.ts`, args, server as TestServer));
  }

  async function ended(program: Program) {
    programs.push(program);
    const code = await program.exit;
    const { lines, complaints } = program;
    return { code, lines, complaints };
  }

  /** Stores the folder as `repository:tried`, and returns the line with the counts. */
  async function ingest(): Promise<string | undefined> {
    const { code, lines, complaints } = await run("ingest", folder, "--name", "tried");
    expect(code, complaints.join("\n")).toBe(0);
    return lines.at(-1);
  }

  const find = (text: string) => run("find", text, folder, "--name", "tried");

  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "init.defaultBranch=main", ...args], {
      encoding: "utf8",
    });

  async function headRevision(): Promise<string> {
    return (await query(server as TestServer, "{ viewer { headRevision } }")).viewer.headRevision;
  }

  /** The stored entries, by path. */
  async function stored(namespace = "repository:tried"): Promise<Map<string, any>> {
    const values = new Map();
    for (let after: string | null = null, more = true; more;) {
      const { entries } = await query(
        server as TestServer,
        `query ($namespace: String!, $after: String) { entries(namespace: $namespace, after: $after) {
          nodes { key value metadata } pageInfo { endCursor hasNextPage }
        } }`,
        { namespace, after },
      );
      for (const { key, value, metadata } of entries.nodes) values.set(key, { value, metadata });
      after = entries.pageInfo.endCursor;
      more = entries.pageInfo.hasNextPage;
    }
    return values;
  }

  test("one command stores this repository: every tracked file is a key, its text the value", async () => {
    server = await startTestServer();
    const { code, lines, complaints } = await ended(
      Program.documented("repository-ingestion/run.ts", server),
    );
    expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
    // The second run has nothing to write.
    expect(lines.filter((line) => line.includes(": 0 written, "))).toHaveLength(1);
    const shown = /^find +\| README\.md:\d+: .*nothing missed/;
    expect(lines).toContainEqual(expect.stringMatching(shown));

    const listed = execFileSync("git", ["-C", thisRepository, "ls-files", "-z"], {
      encoding: "utf8",
    });
    const paths = listed.split("\0").filter((path) => path !== "");
    const files = await stored(`repository:${basename(thisRepository)}`);
    expect([...files.keys()].toSorted()).toEqual(paths.toSorted());
    for (const path of paths) {
      const content = await readFile(join(thisRepository, path));
      const sha256 = createHash("sha256").update(content).digest("hex");
      const metadata = { sha256, bytes: content.length };
      const text = content.toString();
      const isText = Buffer.from(text).equals(content) && !text.includes("\0");
      const value = isText ? { text } : { skipped: "binary" };
      expect(files.get(path), path).toEqual({ value, metadata });
    }

    const found = await run("find", "data store", thisRepository);
    const expected = [...files].flatMap(([path, { value }]) =>
      ((value.text ?? "") as string)
        .split("\n")
        .map((line, index) => ({ line, shown: `${path}:${index + 1}: ${line}` }))
        .filter(({ line }) => line.includes("data store"))
        .map(({ shown }) => shown),
    );
    expect(expected).not.toEqual([]);
    expect(found).toEqual({ code: 0, lines: expected, complaints: [] });
  });

  test("a second run writes only changed files", async () => {
    server = await startTestServer();
    await write({ "README.md": "# Hello\n", "src/a.ts": "a", "src/b.ts": "b", untracked: "u" });
    git("init", "--quiet");
    git("add", "README.md", "src");
    expect(await ingest()).toBe(
      "repository:tried: 3 written, 0 unchanged, 0 deleted; 0 binary or too large",
    );

    const before = await headRevision();
    expect(await ingest()).toBe(
      "repository:tried: 0 written, 3 unchanged, 0 deleted; 0 binary or too large",
    );
    expect(await headRevision()).toBe(before);

    await write({ "src/a.ts": "changed", "src/c.ts": "c" });
    await rm(join(folder, "src/b.ts"));
    git("add", "src/c.ts");
    expect(await ingest()).toBe(
      "repository:tried: 2 written, 1 unchanged, 1 deleted; 0 binary or too large",
    );
    const texts = [...(await stored())].map(([path, { value }]) => [path, value.text]);
    expect(texts).toEqual([
      ["README.md", "# Hello\n"],
      ["src/a.ts", "changed"],
      ["src/c.ts", "c"],
    ]);
  });

  test("G7: a concurrent write of another client is not overwritten, and the batch is not written", async () => {
    server = await startTestServer();
    await write({ "a.txt": "a", "b.txt": "b" });
    git("init", "--quiet");
    git("add", ".");
    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const hold = proxy.hold("transact(");
    const program = new Program(
      "repository-ingestion/ingest.ts",
      [folder, "--name", "tried"],
      proxy,
    );
    programs.push(program);
    const release = await hold;
    const byHand = { text: "by hand" };
    await set(server, { namespace: "repository:tried", key: "b.txt", value: byHand });
    release();
    expect(await program.exit).toBe(2);
    expect(program.complaints).toEqual([expect.stringContaining("b.txt")]);
    expect([...(await stored())]).toEqual([["b.txt", { value: byHand, metadata: {} }]]);
    expect(await ingest()).toBe(
      "repository:tried: 2 written, 0 unchanged, 0 deleted; 0 binary or too large",
    );
  });

  test("G9: batches and pages keep within the limits, and a file that cannot be a value is stored without its text", async () => {
    server = await startTestServer(smallLimits);
    const texts = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `many/${String(index).padStart(2, "0")}.txt`,
        `${'"\n'.repeat(1_500)}the end of ${index}\r\n`,
      ]),
    );
    const bom = "\uFEFFwith a byte order mark";
    await write({
      ...texts,
      "größe/日本 語.txt": bom,
      "too-large.txt": "x".repeat(8_000),
      "picture.png": Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]),
      "latin-1.txt": Buffer.from("gr\xf6\xdfe", "latin1"),
      [`${"long/".repeat(30)}file`]: "left out",
      "node_modules/package/index.js": "left out",
    });
    const { code, lines, complaints } = await run("ingest", folder, "--name", "tried");
    expect({ code, lines }).toEqual({
      code: 0,
      lines: ["repository:tried: 24 written, 0 unchanged, 0 deleted; 3 binary or too large"],
    });
    // It is not a checkout, and one path is too long.
    expect(complaints).toEqual([
      expect.stringContaining("git does not list the files"),
      expect.stringContaining("long/long"),
    ]);

    const files = await stored();
    expect(files.size).toBe(24);
    for (const [path, text] of Object.entries(texts))
      expect(files.get(path).value).toEqual({ text });
    expect(files.get("größe/日本 語.txt").value).toEqual({ text: bom });
    expect(files.get("too-large.txt")).toMatchObject({
      value: { skipped: "too large" },
      metadata: { bytes: 8_000 },
    });
    expect(files.get("picture.png").value).toEqual({ skipped: "binary" });
    expect(files.get("latin-1.txt").value).toEqual({ skipped: "binary" });

    const found = await find("the end of 1");
    expect(found.code).toBe(0);
    const numbers = [1, ...Array.from({ length: 10 }, (_, index) => 10 + index)];
    expect(found.lines).toEqual(
      numbers.map(
        (number) => `many/${String(number).padStart(2, "0")}.txt:1501: the end of ${number}`,
      ),
    );
    expect(await find("nowhere in it")).toEqual({ code: 1, lines: [], complaints: [] });
  });
});
