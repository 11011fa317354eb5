import type { ExitCode } from "./exit-codes.ts";

/** Why a command could not do its work. Its message is one line for a person; no stack is shown. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}
