/** Why the server, or a command, could not begin. Its message is one line that says what to do; no stack is shown. */
export class StartError extends Error {
  override readonly name = "StartError";
}
