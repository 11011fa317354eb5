import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { transform } from "esbuild";
import { buildSchema, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { errorCodes } from "../src/errors.ts";
import { createProgram } from "../src/cli/program.ts";

const roots = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
const more = ["python/README.md", "examples/README.md", "bench/README.md"];
const inDocs = (await readdir("docs", { recursive: true })).filter((name) => name.endsWith(".md"));
const files = [...roots, ...more, ...inDocs.map((name) => join("docs", name))];
const pages = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const)),
);

/** The text of a page without blocks of code. */
const proseOf = (page: string) => page.replaceAll(/^ *```.*?^ *```$/gms, "");

test("the links of the pages refer to files and headings that exist", async () => {
  const broken: string[] = [];
  for (const [file, page] of pages) {
    for (const [, link = ""] of proseOf(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path, heading] = link.split("#", 2) as [string, string?];
      const target = path === "" ? file : normalize(join(dirname(file), path));
      const exists = await stat(target).catch(() => null);
      const text = heading && exists?.isFile() ? await readFile(target, "utf8") : "";
      if (!exists || (heading && !headings(text).includes(heading)))
        broken.push(`${file}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test("every page of docs can be reached from docs/README.md", () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, path = ""] of proseOf(pages.get(file) ?? "").matchAll(/\]\(([^)#:]+\.md)/g)) {
      visit(normalize(join(dirname(file), path)));
    }
  };
  visit("docs/README.md");
  const decisions = /^docs\/decisions\//; // The entry page links to the folder.
  const unreached = [...pages.keys()].filter((file) => !reached.has(file) && !decisions.test(file));
  expect(unreached).toEqual([]);
});

test("CONTRIBUTING.md maps every file directly in src, and only files and folders that exist", async () => {
  const [, map = ""] = (pages.get("CONTRIBUTING.md") ?? "").split(/^## The map$/m);
  const named = [...map.matchAll(/^ {4}(src\/[^\s]+)/gm)].map(([, path = ""]) => path);
  const exists = await Promise.all(named.map((path) => stat(path).catch(() => null)));
  expect(named.filter((_, index) => !exists[index])).toEqual([]);
  const beside = (await readdir("src")).filter((name) => name.endsWith(".ts"));
  expect(beside.filter((name) => !map.split(/[\s/();:,]+/).includes(name))).toEqual([]);
});

test("docs/errors.md has a heading for each error code of the API and of the clients", async () => {
  const declared = await readFile("src/client/errors.ts", "utf8");
  const own = /^export type ErrorCode = (.*);$/m.exec(declared)?.[1] ?? "";
  const codes = [...errorCodes, ...[...own.matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code)];
  expect(codes).toHaveLength(errorCodes.length + 2);
  const page = pages.get("docs/errors.md") as string;
  const shown = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);
  expect(shown.toSorted()).toEqual(codes.toSorted());
});

// Blocks that other tests do not run are at least checked for errors that a reader would copy.

interface Block {
  readonly file: string;
  readonly code: string;
}

const blocksOf = (language: string): Block[] =>
  [...pages].flatMap(([file, page]) =>
    [...page.matchAll(/^( *)```(\w+)[^\n]*\n(.*?)^ *```$/gms)]
      .filter(([, , found]) => found === language)
      .map(([, indent = "", , code = ""]) => ({
        file,
        code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      })),
  );

test("GraphQL in the pages is valid by schema.graphql", async () => {
  const schema = buildSchema(await readFile("schema.graphql", "utf8"));
  const wrong: string[] = [];
  for (const { file, code } of blocksOf("graphql")) {
    // A field without an operation is a field of a query. `…` marks an omission.
    const isOperation = /^(?:\{|query|mutation|subscription|fragment)/.test(code);
    const text = (isOperation ? code : `{ ${code} }`).replaceAll(/,? …/g, "");
    for (const { message } of validate(schema, parse(text))) wrong.push(`${file}: ${message}`);
  }
  expect(wrong).toEqual([]);
});

test("TypeScript and JavaScript in the pages can be parsed", async () => {
  const wrong: string[] = [];
  const check = async ({ file, code }: Block, loader: "ts" | "js") => {
    await transform(code, { loader, target: "es2022" }).catch((error: Error) =>
      wrong.push(`${file}: ${error.message}`),
    );
  };
  // The workflow pages show parts of the examples, which are compared with them; the reference shows declarations.
  const whole = ({ file }: Block) => !/^docs\/(?:workflows|reference)\//.test(file);
  await Promise.all(
    blocksOf("ts")
      .filter(whole)
      .map((block) => check(block, "ts")),
  );
  await Promise.all(blocksOf("js").map((block) => check(block, "js")));
  expect(wrong).toEqual([]);
});

test("commands of baton in the pages exist, and so do their options", () => {
  const program = createProgram();
  const wrong: string[] = [];
  const texts = [...pages].flatMap(([file, page]) =>
    file.startsWith("docs/reference/") || file === "CHANGELOG.md"
      ? []
      : [...page.matchAll(/(?<![\w/-])baton ((?:--?\w[^\n|`&;]*|[a-z][^\n|`&;]*))/g)].map(
          ([, line = ""]) => ({ file, words: line.split(/\s+/) }),
        ),
  );
  for (const { file, words } of texts) {
    let command = program;
    for (const word of words.filter((one) => !one.startsWith("-"))) {
      const next = command.commands.find((one) => one.name() === word);
      if (!next) break;
      command = next;
    }
    if (command === program) continue; // A sentence about baton.
    const known = new Set(["--help", "--version"]);
    for (const { options } of [program, command]) {
      for (const { long, short } of options) known.add(long ?? "").add(short ?? "");
    }
    for (const word of words) {
      const [option = ""] = /^--[a-z][a-z-]+/.exec(word) ?? [];
      if (option && !known.has(option)) wrong.push(`${file}: ${command.name()} ${option}`);
    }
  }
  expect(wrong).toEqual([]);
});

/** The anchors of the headings. */
function headings(page: string): string[] {
  const counts = new Map<string, number>();
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    // The anchor of a repeated heading ends with its number.
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  });
}
