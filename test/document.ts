import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
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

/** Skips a test where Python 3.10 or later is not installed. */
export async function requirePython(skip: (note: string) => never): Promise<void> {
  const check = "import sys; assert sys.version_info >= (3, 10)";
  await using found = new Shown("python3", ["-c", check]);
  await found.whole().catch(() => skip("Python 3.10 or later is not installed."));
}

/** A program that may not end by itself, and what it says. */
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

  /** Resolves when it has said this. */
  async shows(text: string): Promise<void> {
    await expect.poll(() => this.output + this.complaints).toContain(text);
  }

  /** All that it said, once it has ended well. */
  async whole(): Promise<string> {
    const [code] = await this.#exit;
    expect(code, this.output + this.complaints).toBe(0);
    return this.output;
  }

  /** Ends it there and then, as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** A program in TypeScript that imports the client by its name, as one of this package's may. */
export async function started(code: string, env: Record<string, string>): Promise<Shown> {
  const { code: script } = await transform(code, { loader: "ts", target: "node20" });
  return new Shown(process.execPath, ["--input-type=module", "-e", script], { env });
}

/** Expects a program to compile, the types of the client with it. */
export async function compile(code: string): Promise<void> {
  const place = await mkdtemp("dist/document-"); // where the package finds itself by its name
  try {
    const compilerOptions = { module: "nodenext", strict: true, noEmit: true, types: ["node"] };
    await writeFile(join(place, "program.mts"), code);
    await writeFile(
      join(place, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["program.mts"] }),
    );
    const tsc = "node_modules/typescript/bin/tsc";
    await using compiling = new Shown(process.execPath, [tsc, "-p", place]);
    expect(await compiling.whole()).toBe("");
  } finally {
    await rm(place, { recursive: true });
  }
}
