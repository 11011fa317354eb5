import type { IncomingMessage, ServerResponse } from "node:http";
import { createYoga } from "graphql-yoga";
import { schema } from "../schema/schema.ts";

/** Responds to a request. */
export type RespondByYoga = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Creates the handler of preflight requests, which browsers send before a page of another origin sends an operation.
 */
export function createYogaResponder(): RespondByYoga {
  const yoga = createYoga({
    schema,
    graphiql: false,
    landingPage: false,
    // Callers authenticate with a token and never with cookies, so that pages of any origin can be allowed.
    cors: { origin: "*", credentials: false, methods: ["GET", "POST", "OPTIONS"] },
    logging: false,
  });
  return async (request, response) => {
    // Yoga creates a URL from it, and fails if that is not valid. The result does not depend on it.
    request.headers.host = "localhost";
    await yoga(request, response);
  };
}
