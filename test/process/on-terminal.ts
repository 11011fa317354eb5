import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { shellWord } from "../../src/shell-word.ts";
import { baton } from "./baton-process.ts";

const execute = promisify(execFile);

/** Whether Linux's `script` is installed, which runs a command on a terminal. */
export async function hasTerminals(): Promise<boolean> {
  return execute("script", ["--version"]).then(
    () => true,
    () => false,
  );
}

/** The program and arguments that run `baton …` on a new terminal. */
export function onTerminal(args: readonly string[]): readonly [string, ...string[]] {
  const line = [process.execPath, baton, ...args].map(shellWord).join(" ");
  return ["script", "-qec", line, "/dev/null"];
}
