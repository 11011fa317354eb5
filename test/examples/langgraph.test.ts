import { expect, test } from "vitest";
import { query } from "../client.ts";
import { startTestServer } from "../server.ts";
import { Program } from "./program.ts";

test("examples/langgraph: a graph that is killed resumes from its checkpoint, and another reads its memory", async () => {
  await using server = await startTestServer();
  await using run = new Program("langgraph/run.ts", [], server);
  expect(await run.exit, run.complaints.join("\n")).toBe(0);
  expect(run.lines).toContain("reader       | resumes after page 2");
  expect(run.lines.at(-1)).toBe("run          | no page was read twice");
  const { entry } = await query(
    server,
    `{ entry(namespace: "langgraph:store:library:results", key: "summary") { value updatedBy } }`,
  );
  expect(entry.updatedBy).toBe("writer");
  expect(entry.value.summary).toMatch(/^5 pages: /);
});
