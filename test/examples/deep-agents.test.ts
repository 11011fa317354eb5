import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { codeUnder } from "../document.ts";
import { startTestServer } from "../server.ts";
import { Program } from "./program.ts";

test("examples/deep-agents: what one agent remembers, another reads in its own thread", async () => {
  await using server = await startTestServer();
  await using run = new Program("deep-agents/run.ts", [], server);
  expect(await run.exit, run.complaints.join("\n")).toBe(0);
  expect(run.lines[0]).toBe("writer: I will remember that.");
  expect(run.lines.at(-1)).toBe("in Baton: /style.md");
});

test("docs/sessions.md shows how the example creates its agents", async () => {
  const bare = (text: string) => text.replaceAll(/\s+/g, "");
  const example = bare(await readFile("examples/deep-agents/run.ts", "utf8"))
    // The page has a model, and takes the store of the environment.
    .replace("model:newScriptedModel(turns)", "model")
    .replaceAll("(store)", "()");
  const page = await readFile("docs/sessions.md", "utf8");
  expect(example).toContain(bare(codeUnder(page, "## Deep Agents", "ts")));
});
