import type { ExitCode } from "./exit-codes.ts";

/** Ends a command with an exit code, after it has printed everything that there is to say. */
export class SilentEnd extends Error {
  override readonly name = "SilentEnd";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`The exit code is ${exitCode}.`);
    this.exitCode = exitCode;
  }
}
