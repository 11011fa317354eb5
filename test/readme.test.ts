import { access, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
import { get } from "./operations.ts";
import { baton, serveProcess, temporaryFolder } from "./process/baton-process.ts";

describe("the examples of the README", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Awaited<ReturnType<typeof serveProcess>>;
  let blocks: readonly Block[];
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await serveProcess(`${folder.path}/data`);
    blocks = await blocksOf("README.md", server);
  });
  afterAll(async () => {
    await server.kill("SIGTERM");
    await folder[Symbol.asyncDispose]();
  });

  test("a subscription by curl shows the handoff by curl, and a read finds it", async () => {
    const calls = codeIn(blocks, "sh").filter((code) => code.startsWith("curl"));
    const exports = codeIn(blocks, "sh").find((code) => code.startsWith("export ")) ?? "";
    const shell = (script: string) =>
      new Shown("sh", ["-euc", `${exports}${script}`], { cwd: folder.path });
    const [wait, handOver, read] = calls as [string, string, string];
    await using waiting = shell(`exec ${wait}`);
    await waiting.shows("CAUGHT_UP");
    await using handed = shell(handOver);
    expect(JSON.parse(await handed.whole())).toEqual({
      data: { setEntry: { entry: { value: { rows: 1200 }, updatedBy: "producer" } } },
    });
    const [expected = ""] = codeIn(blocks, "text");
    const [before = "", after = ""] = expected.trim().split('"revision":"1"');
    await waiting.shows(before);
    await waiting.shows(after);
    await using found = shell(read);
    expect(JSON.parse(await found.whole()).data.entry).toMatchObject({
      value: { rows: 1200 },
      revision: expect.stringMatching(/^\d+$/),
      updatedBy: "producer",
    });
  });

  const environment = () => ({ BATON_URL: server.url, BATON_TOKEN: server.token });

  /** Resolves when the server has a waiting consumer. */
  const consumerWaits = () =>
    expect
      .poll(async () => {
        const { viewer } = await query(server, "{ viewer { subscribers { waitCount } } }");
        return viewer.subscribers.waitCount;
      })
      .toBe(1);

  test("the first handoff in TypeScript: the consumer waits, and prints the producer's value", async () => {
    const [consumer = "", producer = ""] = codeIn(blocks, "ts");
    await using waiting = await started(consumer, environment());
    await consumerWaits();
    expect(waiting.output).toBe("");
    await using handing = await started(producer, environment());
    expect(await handing.whole()).toBe("");
    expect(await waiting.whole()).toBe("{ rows: 1200 }\n");
  });

  test("the first handoff in Python: the consumer waits, and prints the producer's value", async ({
    skip,
  }) => {
    await requirePython(skip);
    const [consumer = "", producer = ""] = codeIn(blocks, "python");
    const env = { ...environment(), PYTHONPATH: "python", PYTHONDONTWRITEBYTECODE: "1" };
    await using waiting = new Shown("python3", ["-c", consumer], { env });
    await consumerWaits();
    await using handing = new Shown("python3", ["-c", producer], { env });
    expect(await handing.whole()).toBe("");
    expect(await waiting.whole()).toBe("{'rows': 1200}\n");
  });

  test("an agent's program compiles, and sets, waits, counts, claims and watches", async () => {
    const [, , program = ""] = codeIn(blocks, "ts");
    await compile(program);
    await using shown = await started(program, environment());
    expect((await shown.whole()).split("\n")).toEqual([
      "EXISTING meta { completed: 1 }",
      "EXISTING raw { rows: 1201 }",
      "EXISTING task:1 { words: 4 }",
      "CAUGHT_UP null undefined",
      "",
    ]);
  });

  test("its commands create a token for the running server, and use it", async () => {
    const [commands = ""] = codeIn(blocks, "sh").filter((code) => code.includes("npx baton token"));
    const script = commands.replaceAll("npx baton", `${process.execPath} ${baton}`);
    const place = { cwd: folder.path, env: environment() };
    await using shown = new Shown("sh", ["-euc", script], place);
    expect(await shown.whole()).toMatch(/local +parser +read,write,claim pipeline:\* .* valid/);
    expect((await get(server, "status", "pipeline:job-123"))?.value).toBe("parsed");
  });

  test("its two commands are existing scripts, and its links are valid", async () => {
    expect(codeIn(blocks, "sh").slice(0, 2)).toEqual([
      "npm ci && npm start\n",
      "npm ci && npm test\n",
    ]);
    const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
    const readme = await readFile("README.md", "utf8");
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(4);
    await Promise.all(links.map((link) => access(link)));
  });
});
