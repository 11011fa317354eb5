import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The arguments to run an example as JavaScript, which starts in a third of the time of tsx. */
function transpiled(path: string): string[] {
  return [join(inject("examplesFolder"), path.replace(/\.ts$/, ".js"))];
}

/** An example in a separate process, and its output. */
export class Program implements AsyncDisposable {
  /** Lines of its standard output so far. */
  readonly lines: string[] = [];
  /** Lines of its standard error so far. */
  readonly complaints: string[] = [];
  /** Its exit code, when all its output is in `lines`. Null if a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #process: ChildProcess;
  #hasEnded = false;
  readonly #wake: (() => void)[] = [];

  /** Starts an example in the documented way. */
  static documented(path: string, server: { url: string; token: string }): Program {
    return new Program(path, [], server, ["--import", "tsx", join(root, "examples", path)]);
  }

  /** @param path under `examples` */
  constructor(
    path: string,
    args: readonly string[],
    server: { url: string; token: string },
    command = transpiled(path),
  ) {
    const child = spawn(process.execPath, [...command, ...args], {
      cwd: root,
      env: { ...process.env, BATON_URL: server.url, BATON_TOKEN: server.token },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    createInterface(child.stdout).on("line", (line) => this.#settle(() => this.lines.push(line)));
    createInterface(child.stderr).on("line", (line) =>
      this.#settle(() => this.complaints.push(line)),
    );
    this.exit = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#settle(() => (this.#hasEnded = true));
        resolve(code);
      });
    });
  }

  /** Resolves when a line, or the given number of lines, begins with this. */
  said(beginning: string, times = 1): Promise<void> {
    return this.#wrote(this.lines, beginning, times);
  }

  /** Like `said`, on standard error. */
  complained(beginning: string, times = 1): Promise<void> {
    return this.#wrote(this.complaints, beginning, times);
  }

  /** Kills it, as a crash would, or sends it another signal. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#process.kill(signal);
    await this.exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #wrote(lines: readonly string[], beginning: string, times: number): Promise<void> {
    while (lines.filter((line) => line.startsWith(beginning)).length < times) {
      if (this.#hasEnded) {
        const output = [...this.lines, ...this.complaints].join("\n");
        throw new Error(`It ended without saying: ${beginning}\n${output}`);
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #settle(change: () => void): void {
    change();
    for (const wake of this.#wake.splice(0)) wake();
  }
}
