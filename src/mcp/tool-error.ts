import type { Logger } from "pino";
import { BatonError, shownExtensions, type ErrorCode } from "../errors.ts";
import { JsonText, jsonTextOf } from "../json/json-text.ts";
import type { CallNote } from "./call-note.ts";
import { maxGlimpseUnits, shownValue } from "./shown-value.ts";
import type { ToolResult } from "./tool.ts";

/** The next step for a model, by the code of the error. */
const nextSteps: Record<ErrorCode, string> = {
  UNAUTHENTICATED: "The token is no longer valid. Ask the user for another one.",
  FORBIDDEN:
    "Do not try again with the same arguments. See which namespaces you can use with baton_list_namespaces, or ask the user for a token that allows it.",
  BAD_USER_INPUT: "Correct the argument and call again.",
  CONFLICT:
    "Nothing was written. Decide again from the current value, then call again with ifRevision set to currentRevision.",
  CLAIM_LOST: "Stop this task, and claim another with baton_claim_task.",
  REVISION_COMPACTED:
    "The changes before oldestRevision are no longer kept. Read the entries instead.",
  LIMIT_EXCEEDED: "Send or request less, in several calls.",
  RATE_LIMITED: "Wait a few seconds, and call again.",
  PAYLOAD_TOO_LARGE: "Send less, in several calls.",
  UNAVAILABLE: "Wait a few seconds, and call again.",
  INTERNAL: "Tell the user. The details are in the server's log.",
};

/** Returns the public form of an error. An internal error is logged. */
export function shownError(error: unknown, logger: Logger, { requestId }: CallNote): BatonError {
  if (error instanceof BatonError) {
    return new BatonError(error.code, error.message, shownExtensions(error, requestId));
  }
  logger.error({ requestId, err: error }, "internal error");
  return new BatonError(
    "INTERNAL",
    `Internal error. Details are in the server's log, with the request ID ${requestId}.`,
    { requestId },
  );
}

/**
 * Describes an error for a model: its code, the reason, and the next step.
 * @param argumentOf returns the tool's name of an argument, if the store has another name
 */
export function toolError(
  error: BatonError,
  argumentOf: (path: string) => string = (path) => path,
): ToolResult {
  const { argument, currentValue, code: _, ...details } = error.extensions;
  const sent = typeof argument === "string" ? argument : undefined;
  const own = sent === undefined ? undefined : argumentOf(sent.replace(/^input\./, ""));
  const isNamed = sent !== undefined && error.message.startsWith(`${sent}: `);
  return {
    error: {
      code: error.code,
      message: isNamed ? `${own}${error.message.slice(sent.length)}` : error.message,
      next: nextSteps[error.code],
      argument: own,
      ...details,
      ...(currentValue === undefined ? {} : { current: shownCurrent(currentValue) }),
    },
  };
}

function shownCurrent(value: unknown) {
  const json = value instanceof JsonText ? value : jsonTextOf(value);
  return shownValue(
    json.text,
    maxGlimpseUnits,
    () => "The value is longer. Read it with baton_get.",
  );
}
