import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
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
    this.#child.stdout.on("data", (chunk) => (this.output += String(chunk)));
    this.#child.stderr.on("data", (chunk) => (this.complaints += String(chunk)));
    this.#exit = once(this.#child, "close");
  }

  /** Resolves when it has said this. */
  async shows(text: string): Promise<void> {
    await expect.poll(() => this.output + this.complaints, { timeout: 30_000 }).toContain(text);
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
