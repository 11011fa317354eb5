import { GraphQLError, type GraphQLErrorExtensions } from "graphql";
import type { Logger } from "pino";
import type { Steps } from "../json/long-value-parts.ts";
import { BatonError, isErrorCode, shownExtensions } from "../errors.ts";
import type { OperationNote } from "./operation-note.ts";

/** graphql-js includes an invalid value in its message, regardless of the value's length. */
const maxMessageLength = 1_000;

/** Makes the public forms of errors. A response can have thousands of errors, and each takes tens of microseconds. */
export function* publicErrors(
  errors: readonly unknown[],
  logger: Logger,
  note: OperationNote,
): Steps<GraphQLError[]> {
  const shown: GraphQLError[] = [];
  for (const error of errors) {
    shown.push(publicError(error, logger, note));
    yield;
  }
  return shown;
}

/**
 * Returns the public form of an error: a BatonError is unchanged, an error of GraphQL is BAD_USER_INPUT, and any other
 * error is logged, and is INTERNAL for the caller.
 * @param note the note of its operation
 */
export function publicError(
  error: unknown,
  logger: Logger,
  { requestId, trace }: OperationNote,
): GraphQLError {
  const origin = originOf(error);
  if (origin instanceof BatonError) {
    return placed(origin.message, error, { ...shownExtensions(origin, requestId) });
  }
  if (origin instanceof GraphQLError && error instanceof GraphQLError) {
    if (isErrorCode(error.extensions.code)) return error;
    const message =
      error.message.length > maxMessageLength
        ? `${error.message.slice(0, maxMessageLength)}…`
        : error.message;
    const argument = argumentIn(error.message);
    return placed(message, error, {
      code: "BAD_USER_INPUT",
      ...(argument === undefined ? {} : { argument }),
    });
  }
  logger.error(
    { requestId, ...(trace ? { traceId: trace.traceId } : {}), err: origin },
    "internal error",
  );
  return placed(
    `Internal error. Details are in the server's log, with the request ID ${requestId}.`,
    error,
    { code: "INTERNAL", requestId },
  );
}

/** An error at the place of another. Its constructor would count the lines up to that place again. */
function placed(message: string, at: unknown, extensions: GraphQLErrorExtensions): GraphQLError {
  if (!(at instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { path, locations } = at;
  return Object.assign(new GraphQLError(message, { path, extensions }), { locations });
}

/** The original error, without the errors that wrap it. */
function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError
    ? originOf(error.originalError)
    : error;
}

/** The path of the argument that graphql-js names in the message of a coercion error. */
function argumentIn(message: string): string | undefined {
  const variable = /^Variable "\$(\w+)"/.exec(message)?.[1];
  return variable === undefined ? undefined : (/ at "([^"]+)"/.exec(message)?.[1] ?? variable);
}
