import type { IncomingMessage, ServerResponse } from "node:http";
import { createYoga } from "graphql-yoga";
import { schema } from "../schema/schema.ts";

/** Answers a request. */
export type RespondByYoga = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What browsers ask before they let a page of another origin send an operation. Nothing is executed for it. */
export function createYogaResponder(): RespondByYoga {
  const yoga = createYoga({
    schema,
    graphiql: false,
    landingPage: false,
    // A caller is known by its token alone, never by cookies, so any page may ask.
    cors: { origin: "*", credentials: false, methods: ["GET", "POST", "OPTIONS"] },
    logging: false,
  });
  return async (request, response) => {
    // Yoga makes a URL of it, and fails at one that is not valid. Nothing here depends on it.
    request.headers.host = "localhost";
    await yoga(request, response);
  };
}
