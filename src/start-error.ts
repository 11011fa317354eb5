/**
 * The reason why the server could not start, or a command failed. The command line prints the message as one line,
 * without a stack trace. The message says what to do.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  /** The exit code of the process. Default: 1. `src/cli/terminal/exit-codes.ts` lists the codes. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
