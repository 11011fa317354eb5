/**
 * Why the server could not start, or a command could not do its work. The command line prints the message as one line,
 * without a stack. The message says what to do.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  /** What the process exits with, 1 by default. `src/cli/terminal/exit-codes.ts` lists the codes. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
