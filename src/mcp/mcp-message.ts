import { BatonError } from "../errors.ts";
import { JsonError } from "../json/json-error.ts";
import { parseLongJsonText } from "../json/json-text.ts";
import type { Steps } from "../json/long-value-parts.ts";
import { decodeString, membersAt, type Member } from "../json/value-parts.ts";

/** A JSON-RPC message as a caller sent it. */
export interface McpMessage {
  /**
   * The message for the protocol's library. It does not contain a tool's arguments, whose numbers the library would
   * change.
   */
  readonly body: unknown;
  /** The ID of the message; undefined for a notification. */
  readonly id: unknown;
  /** The method; empty if the message has none. */
  readonly method: string;
  /** The arguments of a tool, as the text of a `JsonText`. */
  readonly argumentsText: string;
  /** The parameters of the message. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The parameters' `_meta`. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The client's name in `initialize`, and in each request of the stateless protocol. */
  readonly clientName: string | null;
}

/**
 * The protocol's library reads everything but a tool's arguments, value by value, so the size of the rest is limited.
 */
const maxRestUnits = 64 * 1024;
const clientInfoKey = "io.modelcontextprotocol/clientInfo";

/**
 * Reads the body of a request, in steps.
 * @throws BAD_USER_INPUT if it is not one JSON-RPC message
 */
export function* readMcpMessage(text: string): Steps<McpMessage> {
  const json = yield* parse(text);
  if (!json.startsWith("{")) {
    const what = json.startsWith("[")
      ? "This is an array. Send each message in a separate request."
      : "";
    throw new BatonError("BAD_USER_INPUT", `The body must be one JSON-RPC message. ${what}`.trim());
  }
  yield;
  const call = yield* argumentsOf(json);
  yield;
  requireShortRest(call.rest.length);
  const body = JSON.parse(call.rest) as Record<string, unknown>;
  const params = recordOf(body.params);
  const meta = recordOf(params._meta);
  const info = recordOf(body.method === "initialize" ? params.clientInfo : meta[clientInfoKey]);
  return {
    body,
    id: body.id,
    method: typeof body.method === "string" ? body.method : "",
    argumentsText: call.argumentsText,
    params,
    meta,
    clientName: typeof info.name === "string" && info.name !== "" ? info.name : null,
  };
}

function* parse(text: string): Steps<string> {
  try {
    return (yield* parseLongJsonText(text)).text;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new BatonError("BAD_USER_INPUT", `The body is not valid: ${error.message}`);
  }
}

function requireShortRest(units: number): void {
  if (units <= maxRestUnits) return;
  throw new BatonError(
    "PAYLOAD_TOO_LARGE",
    `A message can have at most ${maxRestUnits} characters in addition to a tool's arguments.`,
  );
}

/**
 * The arguments of a tool, and the message with `{}` instead of them. The rest is measured before each further member, so
 * that few members are read.
 */
function* argumentsOf(
  json: string,
): Steps<{ readonly rest: string; readonly argumentsText: string }> {
  const none = { rest: json, argumentsText: "{}" };
  let method: Member | undefined;
  let params: Member | undefined;
  for (const member of membersAt(json, 0)) {
    if (member.name === "method") method = member;
    if (member.name === "params") params = member;
    requireShortRest(member.end - (params ? params.end - params.begin : 0));
  }
  if (!method || decodedString(json.slice(method.begin, method.end)) !== "tools/call") return none;
  if (!params || json[params.begin] !== "{") return none;
  yield;
  for (const { name, begin, end } of membersAt(json, params.begin)) {
    if (name === "arguments" && json[begin] === "{") {
      return {
        rest: `${json.slice(0, begin)}{}${json.slice(end)}`,
        argumentsText: json.slice(begin, end),
      };
    }
    requireShortRest(end - params.begin);
  }
  return none;
}

function decodedString(text: string): string | null {
  return text.startsWith('"') ? decodeString(text) : null;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
