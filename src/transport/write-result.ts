import type { ExecutionResult } from "graphql";
import { writeJson } from "../json/write-json.ts";

/**
 * Writes a result as JSON for all transports. Values of type JSON in data and in errors keep the text that was sent.
 */
export function writeResult(result: ExecutionResult): string {
  return writeJson(result);
}

/** Writes a leaf of a result in the same way as `writeResult`. */
export function writeLeaf(value: unknown): string {
  return writeJson(value);
}
