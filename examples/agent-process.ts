// What every run.ts needs: the agents of an example as processes of their own, and an end that takes them along.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DataStore } from "baton-store/client";
import { agent } from "./agent.ts";

const started: AgentProcess[] = [];

/** Plays an example, and ends what is left of its processes. Ends with 2 when something is not as it should be. */
export async function play(work: (store: DataStore) => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(130));
  }
  process.once("exit", () => started.forEach((child) => void child.kill()));
  await agent("run", work);
  await Promise.all(started.map((child) => child.kill()));
  process.exit(); // Where it failed in the middle it would go on to wait, or start others.
}

/** An agent as a process of its own. What it says is shown behind its name. */
export class AgentProcess {
  /** Lines of its standard output so far. */
  readonly lines: string[] = [];
  /** Its exit code, once all that it said is in `lines`; null when a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #wake: (() => void)[] = [];
  #hasEnded = false;

  /**
   * @param name what its lines are shown behind
   * @param file its program, such as `new URL("worker.ts", import.meta.url)`
   * @param output "terminal": it writes to the terminal by itself; "nothing": what it says is not shown
   */
  constructor(
    name: string,
    file: URL,
    args: readonly string[] = [],
    output: "lines" | "terminal" | "nothing" = "lines",
  ) {
    this.#name = name;
    // As this process was started: by tsx, or by a Node that reads TypeScript itself.
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

  /** Resolves when a line begins with this, or as many lines do. */
  async said(beginning: string, times = 1): Promise<void> {
    while (this.lines.filter((line) => line.startsWith(beginning)).length < times) {
      if (this.#hasEnded) throw new Error(`${this.#name} ended without saying: ${beginning}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Ends it there and then, as a crash would; with SIGTERM it is asked to. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<number | null> {
    this.#child.kill(signal);
    return this.exit;
  }

  #settle(change: () => void): void {
    change();
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** A line behind a name. */
export function say(name: string, line: string): void {
  console.log(`${name.padEnd(12)} | ${line}`);
}
