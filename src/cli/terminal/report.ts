import { CommanderError } from "commander";
import { StartError } from "../../start-error.ts";
import { CommandError } from "./command-error.ts";
import { messageOf, type ApiError } from "./error-message.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { Interrupted } from "./interruption.ts";

/** Says on standard error why a command failed, in one line, and returns what to exit with. */
export function report(error: unknown): number {
  // Commander has said it, or has shown the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (
    error instanceof CommandError ||
    error instanceof StartError ||
    error instanceof Interrupted
  ) {
    say(error.message);
    return error.exitCode;
  }
  if (isApiError(error)) {
    say(`${messageOf(error)} (${error.code})`);
    return exitCodeOf(error.code);
  }
  // A fault of this program: its stack is what helps.
  process.stderr.write(`baton: ${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodes.other;
}

/** One line on standard error, whatever the text has in it. */
export function say(text: string): void {
  process.stderr.write(`baton: ${oneLine(text)}\n`);
}

function oneLine(text: string): string {
  return (
    text
      .trim()
      .replace(/\s*\n\s*/g, " ")
      // What a terminal would obey.
      .replace(/\p{Cc}/gu, (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
      })
  );
}

/** By its name and not its class: neither the client nor the store is loaded where it was not needed. */
function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === "BatonError" && "code" in error;
}

/**
 * Whoever reads standard output may have enough of it (`| head -1`): that is no failure. Anything else that keeps data
 * from being written is.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    say(`Standard output can't be written (${error.code}).`);
    process.exit(exitCodes.other);
  });
  process.stderr.on("error", () => {});
}
