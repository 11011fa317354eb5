import { CommanderError } from "commander";
import { StartError } from "../../start-error.ts";
import { escapeControls } from "./control-characters.ts";
import { messageOf, type ApiError } from "./error-message.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";

/**
 * Prints on standard error why a command failed: one line, or the stack of a bug.
 * @returns the exit code
 */
export function report(error: unknown): number {
  // Commander has printed the error or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof StartError) {
    say(error.message);
    return error.exitCode;
  }
  if (isApiError(error)) {
    say(`${messageOf(error)} (${error.code})`);
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

/** Tests the members and not the class, so that neither the client nor the store is loaded for it. */
function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && "code" in error && ("details" in error || "extensions" in error);
}

/**
 * Ends the process when standard output can't be written. A reader that closes the pipe (`| head -1`) has read enough:
 * that is a success. Any other error is a failure.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    say(`Standard output can't be written (${error.code}).`);
    process.exit(exitCodes.other);
  });
  process.stderr.on("error", () => {});
}
