import { expect, test } from "vitest";
import { startTestServer } from "../server.ts";
import { Program } from "./program.ts";

test("examples/deep-agents: what one agent remembers, another reads in its own thread", async () => {
  await using server = await startTestServer();
  await using run = new Program("deep-agents/run.ts", [], server);
  expect(await run.exit, run.complaints.join("\n")).toBe(0);
  expect(run.lines[0]).toBe("writer: I will remember that.");
  expect(run.lines.at(-1)).toBe("in Baton: /style.md");
});
