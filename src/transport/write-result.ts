import type { ExecutionResult } from "graphql";

/** A result as JSON text, as every transport sends it. */
export function writeResult(result: ExecutionResult): string {
  return JSON.stringify(result);
}

/** A leaf of a result, as `writeResult` writes it. */
export function writeLeaf(value: unknown): string {
  return JSON.stringify(value);
}
