import { InvalidArgumentError, Option } from "commander";
import { maxRevision } from "../../store/model/log.ts";

/** `--if-revision`, the condition of a write. */
export function ifRevisionOption(): Option {
  return new Option("--if-revision <revision>", "only if the entry is at this revision").argParser(
    parseRevision,
  );
}

/** @throws InvalidArgumentError unless it is a whole number of at most 64 bits */
export function parseRevision(text: string): string {
  if (/^\d+$/.test(text) && BigInt(text) <= maxRevision) return text;
  throw new InvalidArgumentError("It must be a revision: a whole number, as set prints it.");
}
