import type { IncomingMessage } from "node:http";
import type { OperationNote } from "./operation-note.ts";
import { requestIdHeader } from "./request-id.ts";

/** The headers of a response of GraphQL, in the flat form of `writeHead`. */
export function graphqlHeaders(
  type: string,
  { headers: { origin } }: IncomingMessage,
  { requestId }: OperationNote,
): string[] {
  const headers = ["Content-Type", type, "X-Content-Type-Options", "nosniff"];
  headers.push(requestIdHeader, requestId);
  if (origin !== undefined) {
    // Callers authenticate with a token and never with cookies, so that pages of any origin can be allowed.
    headers.push("Access-Control-Allow-Origin", origin, "Vary", "Origin");
    headers.push("Access-Control-Expose-Headers", requestIdHeader);
  }
  return headers;
}
