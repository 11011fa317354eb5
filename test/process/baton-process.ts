import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const baton = fileURLToPath(new URL("../../dist/cli/baton.js", import.meta.url));

/** The outcome of a command. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `baton …` in a separate process, with only the necessary part of this process's environment. */
export class BatonProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<Ended>;
  #noticed = () => {};

  /**
   * @param input the content of standard input; left out for no standard input
   * @param program the file to run
   */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    input?: string | Uint8Array,
    program = baton,
  ) {
    this.child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env.PATH ?? "", ...env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A command can end before it has read its input.
    this.child.stdin?.on("error", () => {});
    this.child.stdin?.end(input);
    // A chunk can end within a character, which is then kept for the next chunk.
    this.child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.stdout += chunk;
      this.#noticed();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr += chunk;
    });
    this.#ended = once(this.child, "close").then(([code, signal]) => {
      this.#noticed();
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Waits until standard output matches. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      if (this.child.exitCode !== null) throw new Error(`The process ended: ${this.stderr}`);
      await new Promise<void>((resolve) => (this.#noticed = resolve));
    }
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGKILL");
  }
}

/** Runs a command to its end. */
export function run(
  args: readonly string[],
  env: Record<string, string> = {},
  input?: string | Uint8Array,
): Promise<Ended> {
  return new BatonProcess(args, env, input).ended();
}

/** A folder for data, removed at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "baton-process-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Starts `baton serve` on a port that the system chooses, and waits until it serves. */
export async function serveProcess(
  dataDir: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
) {
  const server = new BatonProcess(["serve", "--port", "0", "--data-dir", dataDir, ...args], env);
  const [, url = ""] = await server.says(/API +(https?:\S+)\/graphql\n/);
  const token = (await readFile(join(dataDir, "local.token"), "utf8")).trim();
  return Object.assign(server, { url, token });
}
