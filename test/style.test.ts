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

const isText = /\.(?:md|tsx?|mjs|py|sql|prisma)$/;
/** What the build writes, and this file, which quotes phrases to test the check. */
const isExempt = /\/(?:generated|node_modules|__pycache__)\/|^test\/style\.test\.ts$/;

async function filesBelow(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const names = await readdir(place, { recursive: true });
  return names.filter((name) => isText.test(name)).map((name) => `${place}/${name}`);
}

test("pages, comments, messages and test titles avoid the phrases of .ci/style/words.json", async () => {
  const style = JSON.parse(await readFile(".ci/style/words.json", "utf8")) as Style;
  const rules = Object.entries(style.words).map(
    // A phrase can be broken by the end of a line.
    ([pattern, use]) => [new RegExp(pattern.replaceAll(" ", "\\s+"), "gim"), use] as const,
  );
  const isLater = (file: string) =>
    style.later.some((place) => file === place || file.startsWith(`${place}/`));
  const found: string[] = [];
  for (const file of (await Promise.all(style.files.map(filesBelow))).flat()) {
    if (isExempt.test(file) || isLater(file)) continue;
    const text = textOf(file, await readFile(file, "utf8"));
    for (const [rule, use] of rules) {
      for (const { 0: phrase, index } of text.matchAll(rule)) {
        const line = text.slice(0, index + phrase.search(/\S/)).split("\n").length;
        found.push(`${file}:${line}: "${phrase.trim()}": ${use}`);
      }
    }
  }
  expect(found).toEqual([]);
});

test.each([
  [
    "pages",
    "a.md",
    "Not `at once`.\n\n```sh\nat once\n```\n\nAt\nonce. [a](at-once.md)\n",
    "Not . At once. [a]",
  ],
  [
    "comments and strings of TypeScript",
    "a.ts",
    'const atOnce = "at once"; // anew\n/** Meanwhile `x`. */ import a from "./for ever"; f(/"anew/, "beside");',
    "at once anew Meanwhile . beside",
  ],
  [
    "text between tags",
    "a.tsx",
    'import a from "./anew";\n<p id={`anew`}>At once</p>',
    "import a ; <p id={ }>At once</p>",
  ],
  [
    "comments and strings of Python",
    "a.py",
    'anew = "at once"  # anew\n"""Meanwhile `x`, \'y\'."""\n',
    "at once anew Meanwhile , 'y'.",
  ],
  ["comments of SQL", "a.sql", "-- Anew\nSELECT beside -- at once", "Anew at once"],
])("the check reads %s, and not names and quoted code", (_what, file, content, text) => {
  expect(textOf(file, content).replaceAll(/\s+/g, " ").trim()).toBe(text);
});
