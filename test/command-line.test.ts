import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { describeExitCodes } from "../src/cli/terminal/exit-codes.ts";
import { createProgram } from "../src/cli/program.ts";
import { serveProcess, temporaryFolder } from "./process/baton-process.ts";
import { addToShell } from "./process/command-here.ts";

const execute = promisify(execFile);

test("docs/command-line.md: its blocks print the shown output, one after another", async ({
  skip,
}) => {
  const jq = await execute("jq", ["--version"]).catch(() => null);
  if (!jq) {
    console.warn("jq is not installed: the blocks of docs/command-line.md are not run.");
    skip();
  }
  await using folder = await temporaryFolder();
  await using server = await serveProcess(join(folder.path, "data"));
  const bin = join(folder.path, "bin");
  const dataDir = join(folder.path, "data");
  await using _shell = await addToShell(bin, { BATON_URL: server.url, BATON_DATA_DIR: dataDir });
  // Without a token and a data directory: the page says that neither is necessary here.
  const env = { PATH: `${bin}:${process.env.PATH}`, BATON_URL: server.url };
  const page = await readFile("docs/command-line.md", "utf8");
  const blocks = [...page.matchAll(/```sh\n(.*?)```\n\n```text\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThan(9);
  for (const [, script, shown] of blocks) {
    const { stdout } = await execute("sh", ["-c", script as string], { cwd: folder.path, env });
    expect(stdout, script).toBe(shown);
  }
});

test("docs/command-line.md has the exit codes, and every command and variable", async () => {
  const page = await readFile("docs/command-line.md", "utf8");
  expect(page).toContain(describeExitCodes());
  const data = createProgram().commands.filter((command) => command.helpGroup() === "Data:");
  for (const command of data) {
    expect(page).toContain(`\`${command.name()}\``);
    for (const { envVar } of command.options) if (envVar) expect(page).toContain(`\`${envVar}\``);
  }
});
