import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { transform } from "esbuild";
import { expect } from "vitest";

/** A block of code on a page. */
export interface Block {
  readonly language: string;
  readonly code: string;
}

/** The blocks of a page in their order, with this server's address for the documented one. */
export async function blocksOf(
  page: string,
  server: { readonly url: string },
): Promise<readonly Block[]> {
  const text = await readFile(page, "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", code = ""]) => ({
    language,
    code: code.replaceAll("http://127.0.0.1:4000", server.url),
  }));
}

/** The code of the blocks in one language. */
export function codeIn(blocks: readonly Block[], language: string): string[] {
  return blocks.filter((block) => block.language === language).map(({ code }) => code);
}

/** The code of the only block in a language under a heading, which includes its level: `## Tools`. */
export function codeUnder(page: string, heading: string, language: string): string {
  const level = heading.indexOf(" ");
  const [, section = ""] = page.split(`\n${heading}\n`);
  const [own = ""] = section.split(new RegExp(`^#{2,${level}} `, "m"));
  const codes = [...own.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))];
  expect(codes, heading).toHaveLength(1);
  return codes[0]?.[1] ?? "";
}

/** Skips a test if Python 3.10 or later is not installed. */
export async function requirePython(skip: (note: string) => never): Promise<void> {
  const check = "import sys; assert sys.version_info >= (3, 10)";
  await using found = new Shown("python3", ["-c", check]);
  await found.whole().catch(() => skip("Python 3.10 or later is not installed."));
}

/** A program that may not end by itself, and its output. */
export class Shown implements AsyncDisposable {
  output = "";
  complaints = "";
  readonly #child;
  readonly #exit;

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
  ) {
    const env = { ...process.env, ...options.env };
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => (this.output += chunk));
    this.#child.stderr
      .setEncoding("utf8")
      .on("data", (chunk: string) => (this.complaints += chunk));
    this.#exit = once(this.#child, "close");
  }

  /** Resolves when it has printed this text. */
  async shows(text: string): Promise<void> {
    await expect.poll(() => this.output + this.complaints).toContain(text);
  }

  /** Returns the whole output when the program has ended successfully. */
  async whole(): Promise<string> {
    const [code] = await this.#exit;
    expect(code, this.output + this.complaints).toBe(0);
    return this.output;
  }

  /** Kills it immediately, like a crash. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Starts a program in TypeScript that imports the client by its package name. */
export async function started(code: string, env: Record<string, string>): Promise<Shown> {
  const { code: script } = await transform(code, { loader: "ts", target: "node20" });
  return new Shown(process.execPath, ["--input-type=module", "-e", script], { env });
}

/**
 * Expects a program and the types of the client to compile.
 * @param modules a folder of further packages that it imports, whose own types are not checked
 */
export async function compile(code: string, modules?: string): Promise<void> {
  await using place = await programPlace(modules);
  const compilerOptions = {
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
    ...(modules === undefined
      ? {}
      : { skipLibCheck: true, typeRoots: [resolve("node_modules/@types")] }),
  };
  await writeFile(join(place.path, "program.mts"), code);
  await writeFile(
    join(place.path, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["program.mts"] }),
  );
  const tsc = "node_modules/typescript/bin/tsc";
  await using compiling = new Shown(process.execPath, [tsc, "-p", place.path]);
  expect(await compiling.whole()).toBe("");
}

/** Returns the output of a program in TypeScript that imports this package, and others from a folder of packages. */
export async function runWith(
  modules: string,
  code: string,
  env: Record<string, string>,
): Promise<string> {
  await using place = await programPlace(modules);
  const { code: script } = await transform(code, { loader: "ts", target: "node20" });
  const file = join(place.path, "program.mjs");
  await writeFile(file, script);
  await using shown = new Shown(process.execPath, [file], { env });
  return await shown.whole();
}

/** Creates a folder in the package, from which a program can import the package by its name. */
async function programPlace(modules?: string): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp("dist/document-");
  if (modules !== undefined) await symlink(modules, join(path, "node_modules"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
