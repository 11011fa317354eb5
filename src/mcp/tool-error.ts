import type { Logger } from "pino";
import { BatonError, type ErrorCode } from "../errors.ts";
import { JsonText, jsonTextOf } from "../json/json-text.ts";
import { maxGlimpseUnits, shownValue } from "./shown-value.ts";
import type { ToolResult } from "./tool.ts";

/** What a model does next. */
const nextSteps: Record<ErrorCode, string> = {
  UNAUTHENTICATED: "The token is not valid any more. Ask the user for another one.",
  FORBIDDEN:
    "Do not try again with the same arguments. See what you may reach with baton_list_namespaces, or ask the user for a token that allows it.",
  BAD_USER_INPUT: "Correct the argument, and call again.",
  CONFLICT:
    "Nothing was written. Decide again from the current value, and call again with ifRevision: the currentRevision.",
  CLAIM_LOST: "Give this task up, and claim another with baton_claim_task.",
  REVISION_COMPACTED: "The changes before oldestRevision are gone. Read the entries instead.",
  LIMIT_EXCEEDED: "Send less or ask for less, in several calls.",
  RATE_LIMITED: "Wait a few seconds, and call again.",
  PAYLOAD_TOO_LARGE: "Send less, in several calls.",
  UNAVAILABLE: "Wait a few seconds, and call again.",
  INTERNAL: "Tell the user; the server's log has the fault.",
};

/** Said of an error that is not meant for callers. */
const internal = new BatonError("INTERNAL", "The server failed; its log says why.");

/** The error that a caller may see. Any other is logged. */
export function shownError(error: unknown, logger: Logger): BatonError {
  if (error instanceof BatonError) return error;
  logger.error({ err: error }, "internal error");
  return internal;
}

/**
 * What a model is told of an error: its code, what is wrong, and what to do next.
 * @param argumentOf the tool's name of an argument, where the store has another
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
