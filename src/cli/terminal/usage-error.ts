import { StartError } from "../../start-error.ts";
import { exitCodes } from "./exit-codes.ts";

/** An option, an argument or a value that commander accepts and the command does not. */
export function usageError(message: string): StartError {
  return new StartError(message, exitCodes.usage);
}
