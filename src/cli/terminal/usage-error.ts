import { StartError } from "../../start-error.ts";
import { exitCodes } from "./exit-codes.ts";

/** Creates an error for an option, argument or value that commander accepts but the command does not. */
export function usageError(message: string): StartError {
  return new StartError(message, exitCodes.usage);
}
