import type { ExecutionResult } from "graphql";
import { writeJson } from "../json/write-json.ts";

/** A result as JSON text, as every transport sends it. Values of type JSON, in data and in errors, are as they were sent. */
export function writeResult(result: ExecutionResult): string {
  return writeJson(result);
}

/** A leaf of a result, as `writeResult` writes it. */
export function writeLeaf(value: unknown): string {
  return writeJson(value);
}
