import { StartError } from "../../start-error.ts";
import { primaryCode } from "./errors.ts";

/** Converts an error to one that says why the server cannot start on this file, and what to do. */
export function toStartError(file: string, error: unknown): StartError {
  return new StartError(messageOf(file, error));
}

function messageOf(file: string, error: unknown): string {
  switch (primaryCode(error)) {
    case 11:
      return `${file} is damaged. Restore it from a backup, or move it away to start with an empty database.`;
    case 26:
      return `${file} is not a Baton database. Move it away, or choose another place with --data-dir (BATON_DATA_DIR).`;
    case 13:
      return `${file} cannot be opened: its disk is full. Free disk space.`;
    case 5:
    case 6:
      return `${file} is locked by another process. Stop that process first.`;
    case 8:
    case 14:
      return `${file} cannot be opened for writing. Give this user write access to it and to its folder.`;
    default:
      return `${file} cannot be opened: ${error instanceof Error ? error.message.split("\n").at(-1) : String(error)}`;
  }
}
