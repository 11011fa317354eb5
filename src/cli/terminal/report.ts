import { CommanderError } from "commander";
import { StartError } from "../../start-error.ts";
import { escapeControls } from "./control-characters.ts";
import { errorLine, type ApiError } from "./error-message.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { SilentEnd } from "./silent-end.ts";

/**
 * Prints the reason for a failure on standard error: one line, or the stack trace of a bug. Prints nothing after a
 * `SilentEnd`.
 * @returns the exit code
 */
export function report(error: unknown): number {
  // Commander has printed the error or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof SilentEnd) return error.exitCode;
  if (error instanceof StartError) {
    say(error.message);
    return error.exitCode;
  }
  if (isApiError(error)) {
    say(errorLine(error));
    return exitCodeOf(error.code);
  }
  process.stderr.write(`baton: ${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodes.other;
}

/** Prints a text on standard error as one line. */
export function say(text: string): void {
  const lines = text.split("\n").map((line) => line.trim());
  const line = lines.filter((part) => part !== "").join(" ");
  process.stderr.write(`baton: ${escapeControls(line)}\n`);
}

/** Tests the members instead of the class, so that neither the client nor the store must be loaded. */
function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && "code" in error && ("details" in error || "extensions" in error);
}

/**
 * Ends the process when standard output cannot be written. If the reader closed the pipe (`| head -1`), this is a
 * success. Any other error is a failure.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    say(`Standard output cannot be written (${error.code}).`);
    process.exit(exitCodes.other);
  });
  process.stderr.on("error", () => {});
}
