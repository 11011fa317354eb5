import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { BatonError } from "../errors.ts";

/** What a caller may see of an error: ours as they are, GraphQL's own as BAD_USER_INPUT, any other only as INTERNAL, logged. */
export function publicError(error: unknown, logger: Logger): GraphQLError {
  const origin = originOf(error);
  if (origin instanceof BatonError) {
    return error instanceof GraphQLError
      ? error
      : new GraphQLError(origin.message, { originalError: origin });
  }
  if (origin instanceof GraphQLError && error instanceof GraphQLError) {
    const { nodes, source, positions, path, message } = error;
    const { http } = error.extensions;
    const argument = argumentIn(message);
    return new GraphQLError(message, {
      nodes,
      source,
      positions,
      path,
      extensions: {
        code: "BAD_USER_INPUT",
        ...(argument === undefined ? {} : { argument }),
        ...(http === undefined ? {} : { http }),
      },
    });
  }
  logger.error({ err: origin }, "internal error");
  const located = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
  return new GraphQLError("The server failed at this; the fault is in its log.", {
    ...located,
    extensions: { code: "INTERNAL" },
  });
}

/** The error that others were wrapped around. */
function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError
    ? originOf(error.originalError)
    : error;
}

/** Path of the argument that graphql-js speaks of in a variable's coercion error. */
function argumentIn(message: string): string | undefined {
  return /^Variable "\$(\w+)"/.exec(message) === null
    ? undefined
    : (/ at "([^"]+)"/.exec(message)?.[1] ?? /^Variable "\$(\w+)"/.exec(message)?.[1]);
}
