/** Why the server, or a command, could not begin or go on. Its message is one line that says what to do; no stack is shown. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** 2 where an option's value was wrong, otherwise 1. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
