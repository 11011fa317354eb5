import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const pages = [
  "handoff",
  "fan-out",
  "pipeline",
  "repository-ingestion",
  "status",
  "errors",
  "versions",
  "clean-up",
];

/** Removes white space, so that differences of indentation and line breaks do not count. */
const bare = (text: string) => text.replace(/\s+/g, "");

describe.each(pages)("docs/workflows/%s.md", (name) => {
  const file = `docs/workflows/${name}.md`;

  test("shows code that is in the example", async () => {
    const page = await readFile(file, "utf8");
    const programs = (await readdir(`examples/${name}`)).map((program) =>
      readFile(`examples/${name}/${program}`, "utf8"),
    );
    const code = bare((await Promise.all(programs)).join("\n"));
    const blocks = [...page.matchAll(/```(?:ts|graphql)\n(.*?)```/gs)].map(([, block]) => block);
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(code.includes(bare(block as string)), block).toBe(true);
  });

  test("its links and its command exist", async () => {
    const page = await readFile(file, "utf8");
    for (const [, link] of page.matchAll(/\]\((?!http)([^)#]+)/g)) {
      await expect(readFile(join(dirname(file), link as string), "utf8")).resolves.not.toBe("");
    }
    const [, command] = /^ {4}node --import tsx (\S+)$/m.exec(page) ?? [];
    expect(command).toBe(`examples/${name}/run.ts`);
  });
});
