import type { GraphQLSchema } from "graphql";
import { BatonError } from "../errors.ts";
import { nobody } from "../event-loop.ts";
import { JsonError } from "../json/json-error.ts";
import { stepUnits, type Steps } from "../json/long-value-parts.ts";
import { readEnvelope, type Envelope } from "./envelope.ts";
import { readPlainValue } from "./exact-value.ts";
import { inFewSteps } from "../in-steps.ts";
import { operationIn, parseShort, type ReadLimits } from "./read-operation.ts";

/** A parsed message of the WebSocket protocol, which graphql-ws accepts instead of its text. */
export interface SocketMessage {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly payload?: unknown;
}

/**
 * The payload of an operation that is refused before its execution. Other operations of the socket are not affected.
 */
export class RefusedPayload {
  /** graphql-ws requires this member. */
  readonly query = "";
  readonly problem: BatonError;

  constructor(problem: BatonError) {
    this.problem = problem;
  }
}

/** Passed to graphql-ws instead of a text that is not a JSON object, or has too many members. It closes the socket for that. */
const notJson = "";

/**
 * Reads a message of the WebSocket protocol. `readOperation` describes how the operation in a `subscribe` is read. If
 * it is refused, the payload is a `RefusedPayload`.
 * @param who the user that the message is read for, or `nobody`
 */
export function readMessage(
  text: string,
  schema: GraphQLSchema,
  limits: ReadLimits,
  who: string = nobody,
): SocketMessage | string | Promise<SocketMessage | string> {
  const ordinary = parseShort(text);
  return ordinary ? (ordinary.value as SocketMessage) : inFewSteps(read(text, schema, limits), who);
}

function* read(
  text: string,
  schema: GraphQLSchema,
  limits: ReadLimits,
): Steps<SocketMessage | string> {
  const envelope = yield* readWhole(text);
  if (envelope === null) return notJson;
  const { type, id, payload } = yield* plainMembers(envelope, ["type", "id", "payload"]);
  const message = { type, id, ...(payload === undefined ? {} : { payload }) };
  if (envelope.nested === null) return message;
  if (type !== "subscribe") return { ...message, payload: yield* plainMembers(envelope.nested) };
  try {
    return { ...message, payload: yield* operationIn(envelope.nested, schema, limits) };
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    return { ...message, payload: new RefusedPayload(error) };
  }
}

function* readWhole(text: string): Steps<Envelope | null> {
  try {
    return yield* readEnvelope(text, "payload");
  } catch (error) {
    // A text with too many members is not a message, either.
    if (error instanceof JsonError || error instanceof BatonError) return null;
    throw error;
  }
}

function* plainMembers(
  { members }: Envelope,
  names: Iterable<string> = members.keys(),
): Steps<Record<string, unknown>> {
  // Without a prototype, because a member can be named `__proto__`.
  const plain = Object.create(null) as Record<string, unknown>;
  let units = 0;
  for (const name of names) {
    const text = members.get(name);
    if (text === undefined) continue;
    plain[name] = (yield* readPlainValue(text, 0)).value;
    units += text.length;
    if (units < stepUnits) continue;
    yield;
    units = 0;
  }
  return plain;
}
