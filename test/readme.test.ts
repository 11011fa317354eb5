import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  blocksOf,
  codeIn,
  compile,
  requirePython,
  Shown,
  started,
  type Block,
} from "./document.ts";
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

  const shell = (script: string) => new Shown("sh", ["-euc", script], { cwd: folder.path });

  test("a subscription by curl shows the handoff by curl, and a read finds it", async () => {
    const calls = codeIn(blocks, "sh").filter((code) => code.startsWith("curl"));
    const [wait, handOver, read] = calls as [string, string, string];
    await using waiting = shell(`exec ${wait}`);
    await waiting.shows("CAUGHT_UP");
    await using handed = shell(handOver);
    expect(JSON.parse(await handed.whole())).toEqual({
      data: { setEntry: { entry: { value: { rows: 1200 }, updatedBy: "producer" } } },
    });
    const [expected = ""] = codeIn(blocks, "text");
    await waiting.shows(expected.trim());
    await using found = shell(read);
    expect(JSON.parse(await found.whole()).data.entry).toMatchObject({
      value: { rows: 1200 },
      revision: "1",
      updatedBy: "producer",
    });
  });

  const withToken = (program: string) =>
    program.replace("data/local.token", join(folder.path, "data/local.token"));

  test("the first handoff in TypeScript prints the value", async () => {
    const [program = ""] = codeIn(blocks, "ts");
    await using shown = await started(withToken(program), {});
    expect(await shown.whole()).toBe("{ rows: 1200 }\n");
  });

  test("the first handoff in Python prints the value", async ({ skip }) => {
    await requirePython(skip);
    const [program = ""] = codeIn(blocks, "python");
    await using shown = new Shown("python3", ["-c", withToken(program)], {
      env: { PYTHONPATH: "python", PYTHONDONTWRITEBYTECODE: "1" },
    });
    expect(await shown.whole()).toBe("{'rows': 1200}\n");
  });

  test("an agent's program compiles, and sets, waits, counts, claims and watches", async () => {
    const [, program = ""] = codeIn(blocks, "ts");
    await compile(program);
    await using shown = await started(withToken(program), {});
    expect((await shown.whole()).split("\n")).toEqual([
      "EXISTING meta { completed: 1 }",
      "EXISTING raw { rows: 1201 }",
      "EXISTING task:1 { words: 4 }",
      "CAUGHT_UP null undefined",
      "",
    ]);
  });

  test("its command creates a token for the running server", async () => {
    const [commands = ""] = codeIn(blocks, "sh").filter((code) => code.startsWith("npx baton"));
    await using shown = shell(commands.replaceAll("npx baton", `${process.execPath} ${baton}`));
    const output = await shown.whole();
    expect(output).toMatch(/^baton_\S+\n/);
    expect(output).toMatch(/local +parser +read,write,claim pipeline:\* .* valid/);
  });

  test("its two commands are existing scripts, and its links are valid", async () => {
    expect(codeIn(blocks, "sh")[0]).toMatch(/^npm ci && npm start .*\nnpm ci && npm test /);
    const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
    const readme = await readFile("README.md", "utf8");
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(4);
    await Promise.all(links.map((link) => access(link)));
  });
});
