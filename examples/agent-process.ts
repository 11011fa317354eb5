// Shared by every run.ts: it starts the agents of an example as processes, and ends them with the run.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DataStore } from "baton-store/client";
import { agent } from "./agent.ts";

const started: AgentProcess[] = [];

/** Runs an example, and ends its remaining processes. The exit code is 2 if a check fails. */
export async function play(work: (store: DataStore) => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(130));
  }
  process.once("exit", () => started.forEach((child) => void child.kill()));
  await agent("run", work);
  await Promise.all(started.map((child) => child.kill()));
  process.exit(); // After a failure it would otherwise continue to wait, or start more processes.
}

/** An agent in a separate process. Its output is shown after its name. */
export class AgentProcess {
  /** Lines of its standard output so far. */
  readonly lines: string[] = [];
  /** Its exit code, when all its output is in `lines`. Null if a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #wake: (() => void)[] = [];
  #hasEnded = false;

  /**
   * @param name the name that precedes its lines
   * @param file its program, such as `new URL("worker.ts", import.meta.url)`
   * @param output "terminal": it writes directly to the terminal; "nothing": its output is not shown
   */
  constructor(
    name: string,
    file: URL,
    args: readonly string[] = [],
    output: "lines" | "terminal" | "nothing" = "lines",
  ) {
    this.#name = name;
    // Started in the same way as this process: with tsx, or with a Node.js that runs TypeScript.
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(file), ...args], {
      stdio: ["ignore", output === "terminal" ? "inherit" : "pipe", "inherit"],
    });
    this.#child = child;
    if (child.stdout) {
      createInterface(child.stdout).on("line", (line) => {
        if (output === "lines") say(name, line);
        this.#settle(() => this.lines.push(line));
      });
    }
    this.exit = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#settle(() => (this.#hasEnded = true));
        resolve(code);
      });
    });
    started.push(this);
  }

  /** Resolves when a line, or the given number of lines, begins with this. */
  async said(beginning: string, times = 1): Promise<void> {
    while (this.lines.filter((line) => line.startsWith(beginning)).length < times) {
      if (this.#hasEnded) throw new Error(`${this.#name} ended without saying: ${beginning}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Kills it, as a crash would. With SIGTERM, it can end cleanly. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<number | null> {
    this.#child.kill(signal);
    return this.exit;
  }

  #settle(change: () => void): void {
    change();
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Prints a line after a name. */
export function say(name: string, line: string): void {
  console.log(`${name.padEnd(12)} | ${line}`);
}
