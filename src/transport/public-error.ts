import { randomUUID } from "node:crypto";
import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { BatonError, isErrorCode } from "../errors.ts";
import type { OperationNote } from "./operation-note.ts";

/** graphql-js repeats a wrong value in its message, however long that is. */
const maxMessageLength = 1_000;

/**
 * What a caller may see of an error: ours as they are, GraphQL's own as BAD_USER_INPUT, any other only as INTERNAL, logged.
 * @param note of its operation, which is given the id by which the log names the error
 */
export function publicError(
  error: unknown,
  logger: Logger,
  note: OperationNote = {},
): GraphQLError {
  const origin = originOf(error);
  const place =
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path }
      : {};
  if (origin instanceof BatonError) {
    return new GraphQLError(origin.message, { ...place, extensions: { ...origin.extensions } });
  }
  if (origin instanceof GraphQLError && error instanceof GraphQLError) {
    if (isErrorCode(error.extensions.code)) return error;
    const message =
      error.message.length > maxMessageLength
        ? `${error.message.slice(0, maxMessageLength)}…`
        : error.message;
    const argument = argumentIn(error.message);
    return new GraphQLError(message, {
      ...place,
      extensions: {
        code: "BAD_USER_INPUT",
        ...(argument === undefined ? {} : { argument }),
      },
    });
  }
  // Whoever reports it names the line of the log by this.
  note.requestId ??= randomUUID();
  const { requestId, trace } = note;
  logger.error(
    { requestId, ...(trace ? { traceId: trace.traceId } : {}), err: origin },
    "internal error",
  );
  return new GraphQLError(
    `Internal error. Details are in the server's log, with the request id ${requestId}.`,
    { ...place, extensions: { code: "INTERNAL", requestId } },
  );
}

/** The error that others were wrapped around. */
function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError
    ? originOf(error.originalError)
    : error;
}

/** Path of the argument that graphql-js speaks of in a variable's coercion error. */
function argumentIn(message: string): string | undefined {
  const variable = /^Variable "\$(\w+)"/.exec(message)?.[1];
  return variable === undefined ? undefined : (/ at "([^"]+)"/.exec(message)?.[1] ?? variable);
}
