import { isUtf8 } from "node:buffer";
import { BatonError } from "../errors.ts";

/** An operation as it was sent: its text, and what else is there, which is not checked. */
export interface SentOperation {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

/** @throws BAD_USER_INPUT unless it is a JSON object with a query */
export function readOperation(body: Buffer): SentOperation {
  const operation = parsed(body);
  const isOperation =
    typeof operation === "object" &&
    operation !== null &&
    "query" in operation &&
    typeof operation.query === "string";
  if (isOperation) return operation as SentOperation;
  throw new BatonError(
    "BAD_USER_INPUT",
    'The request\'s body must be an object such as {"query": "{ viewer { user } }", "variables": {}}.',
    { argument: "query" },
  );
}

function parsed(body: Buffer): unknown {
  try {
    if (isUtf8(body)) return JSON.parse(withoutMark(body.toString("utf8")));
  } catch {
    // Refused below, as what is not UTF-8 is.
  }
  throw new BatonError("BAD_USER_INPUT", "The request's body is not JSON in UTF-8.");
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
