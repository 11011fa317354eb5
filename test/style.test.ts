import { readdir, readFile, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { textOf } from "./prose.ts";

/** `files` are checked, apart from those in `later`, whose wording has not been revised yet. */
interface Style {
  readonly files: readonly string[];
  readonly later: readonly string[];
  /** By the pattern of a phrase to avoid: the words to use. */
  readonly words: Readonly<Record<string, string>>;
}

async function filesBelow(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const names = await readdir(place, { recursive: true });
  return names
    .filter((name) => /\.(?:md|ts|tsx|mjs)$/.test(name))
    .map((name) => `${place}/${name}`);
}

test("the texts avoid the phrases of .ci/style/words.json", async () => {
  const style = JSON.parse(await readFile(".ci/style/words.json", "utf8")) as Style;
  const rules = Object.entries(style.words).map(
    // A phrase can be broken by the end of a line.
    ([pattern, use]) => [new RegExp(pattern.replaceAll(" ", "\\s+"), "gim"), use] as const,
  );
  const found: string[] = [];
  for (const file of (await Promise.all(style.files.map(filesBelow))).flat()) {
    if (style.later.some((place) => file === place || file.startsWith(`${place}/`))) continue;
    const text = textOf(file, await readFile(file, "utf8"));
    for (const [rule, use] of rules) {
      for (const { 0: phrase, index } of text.matchAll(rule)) {
        const line = text.slice(0, index).split("\n").length;
        found.push(`${file}:${line}: "${phrase.trim()}": ${use}`);
      }
    }
  }
  expect(found).toEqual([]);
});

test("the check finds phrases in prose, comments and texts of the code, and not in names and code", () => {
  const page = "Not `at once`.\n\n```sh\nat once\n```\n\nAt\nonce. [a](at-once.md)\n";
  expect(textOf("a.md", page).replaceAll(/\s+/g, " ")).toBe("Not . At once. [a] ");
  const code =
    'const atOnce = "at once"; // anew\n/** Meanwhile `x`. */ import a from "./for ever";';
  expect(textOf("a.ts", code).replaceAll(/\s+/g, " ").trim()).toBe("at once anew Meanwhile .");
});
