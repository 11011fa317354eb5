import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

/** One of the examples as a process of its own, and what it says. */
export class Program implements AsyncDisposable {
  /** Lines of its standard output so far. */
  readonly lines: string[] = [];
  /** Lines of its standard error so far. */
  readonly complaints: string[] = [];
  /** Its exit code, once all that it said is in `lines`; null when a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #process: ChildProcess;
  #hasEnded = false;
  #wake: (() => void)[] = [];

  /** @param path under `examples` */
  constructor(
    server: { readonly url: string; readonly token: string },
    path: string,
    args: string[] = [],
  ) {
    const child = spawn(process.execPath, [examples + path, ...args], {
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

  /** Resolves when some line begins with this, and with that line. */
  said(beginning: string): Promise<string> {
    return this.#line(this.lines, beginning);
  }

  complained(beginning: string): Promise<string> {
    return this.#line(this.complaints, beginning);
  }

  /** Ends it there and then, as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exit;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #line(lines: readonly string[], beginning: string): Promise<string> {
    for (;;) {
      const line = lines.find((candidate) => candidate.startsWith(beginning));
      if (line !== undefined) return line;
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
