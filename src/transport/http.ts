import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError, type ErrorCode } from "../errors.ts";
import { isLoopHeld, nextTurn, nobody } from "../event-loop.ts";
import type { OperationObserver } from "../operation-observer.ts";
import type { OperationTracer } from "../operation-trace.ts";
import { serveBoard } from "./board.ts";
import { GraphqlRoute } from "./graphql-route.ts";
import { serveGraphiql } from "./graphiql.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { HttpRefusal } from "./http-refusal.ts";
import { McpRoute } from "./mcp-route.ts";
import type { Services } from "./operation-context.ts";
import { loggedNote, tracedNote, type OperationNote } from "./operation-note.ts";
import { publicError } from "./public-error.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";
import { transportSecurity } from "./transport-security.ts";

export interface HttpOptions {
  readonly graphql: Graphql;
  /** The services that tools of MCP use. */
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly maxBodyBytes: number;
  /** Whether web pages of other origins can use the API. */
  readonly allowsOrigins: boolean;
  readonly servesGraphiql: boolean;
  readonly servesBoard: boolean;
  /** Whether the server uses TLS. Browsers are then instructed to use only TLS. */
  readonly isSecure: boolean;
  /** Bytes that can wait in memory for a stream of events. If there are more, it reads from the log. */
  readonly maxWaitingBytes: number;
  /** Rejects if the server cannot serve requests. */
  readonly checkReady: () => Promise<void>;
  /** Aborts when the server begins to stop. */
  readonly stopped: AbortSignal;
  /**
   * Whether the server is stopping. A connection then ends with its response, so that the next request uses another
   * one.
   */
  readonly isStopping: () => boolean;
  /** Null if traces are off. */
  readonly tracer: OperationTracer | null;
  readonly observer?: OperationObserver | undefined;
  readonly logger: Logger;
}

/** The status of a request that is refused before its operation is read. The operation's own errors have status 200. */
const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

/**
 * Handles all HTTP requests: GraphQL over POST, GET and server-sent events, the board and GraphiQL for browsers, MCP
 * for models, and health for the supervisor of the process.
 */
export function httpListener(options: HttpOptions): RequestListener {
  const { logger, tracer, observer } = options;
  const routes = {
    graphql: new GraphqlRoute(options),
    mcp: new McpRoute({ ...options, ...options.services }),
  };
  return (request, response) => {
    if (options.isSecure) response.setHeader("Strict-Transport-Security", transportSecurity);
    if (options.isStopping()) response.setHeader("Connection", "close");
    const note: OperationNote = { requestId: requestIdOf(request) };
    if (logger.isLevelEnabled("debug")) logWhenAnswered(logger, request, response, note);
    if (tracer) response.once("close", () => note.trace?.end(tracedNote(note)));
    answer(options, routes, request, response, note).catch(async (error: unknown) => {
      // If thousands of connections are refused, their responses are spread over several turns of the event loop.
      if (isLoopHeld()) await nextTurn(nobody);
      // The client disconnected in the middle of its request.
      if (request.destroyed && (!request.complete || isReset(error))) return;
      const problem = publicError(error, logger, note);
      note.errorCode = codeOf([problem]);
      observer?.refused(pathOf(request) === "/mcp" ? "mcp" : "http", String(note.errorCode));
      if (response.headersSent) response.destroy();
      else {
        // If pages can use the API, a page can also read the reason of a refusal.
        if (options.allowsOrigins) {
          response.setHeader("Access-Control-Allow-Origin", "*");
          response.setHeader("Access-Control-Expose-Headers", requestIdHeader);
        }
        response.setHeader(requestIdHeader, note.requestId);
        refuse(request, response, problem, error instanceof HttpRefusal ? error : null);
      }
    });
  };
}

function logWhenAnswered(
  logger: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  note: OperationNote,
): void {
  const begin = performance.now();
  response.once("close", () => {
    const { method } = request;
    const durationMs = Math.round(performance.now() - begin);
    const path = pathOf(request);
    const { statusCode: status } = response;
    logger.debug({ method, path, status, ...loggedNote(note), durationMs }, "request");
  });
}

function pathOf({ url = "" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

function isReset(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ECONNRESET";
}

async function answer(
  options: HttpOptions,
  { graphql, mcp }: { readonly graphql: GraphqlRoute; readonly mcp: McpRoute },
  request: IncomingMessage,
  response: ServerResponse,
  note: OperationNote,
): Promise<void> {
  const path = pathOf(request);
  if (request.method === "POST" && path === "/graphql") {
    // The route writes the ID with its other headers. A header that is set before costs more.
    return graphql.answer(request, response, note);
  }
  response.setHeader(requestIdHeader, note.requestId);
  if (options.servesGraphiql && serveGraphiql(request, response)) return;
  if (options.servesBoard && serveBoard(request, response)) return;
  switch (path) {
    case "/graphql":
      return graphql.answer(request, response, note);
    case "/mcp":
      return mcp.answer(request, response, note);
    case "/health/live":
      return sendJson(response, 200, { status: "live" });
    case "/health/ready":
      return options.checkReady().then(
        () => sendJson(response, 200, { status: "ready" }),
        (error: unknown) =>
          sendJson(response, 503, { status: "unavailable", reason: reasonOf(error) }),
      );
  }
  const board = options.servesBoard ? "The board is at /. The" : "The";
  throw new HttpRefusal(
    404,
    `This path does not exist. ${board} API is at /graphql, and MCP is at /mcp.`,
  );
}

/**
 * How long the body of a refused request is read and discarded, and how much of it. Some clients do not read a response
 * before they have sent the whole body. After these limits, the connection is destroyed.
 */
const lingerMs = 3_000;
const lingerBytes = 32 * 1024 * 1024;

/** Responds to a request that is refused before its operation is read. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: GraphQLError,
  form: HttpRefusal | null,
): void {
  const status = form?.status ?? statuses[error.extensions.code as ErrorCode] ?? 400;
  for (const [name, value] of Object.entries(form?.headers ?? {})) response.setHeader(name, value);
  const { retryAfterMs } = error.extensions;
  if (typeof retryAfterMs === "number") {
    response.setHeader("Retry-After", Math.ceil(retryAfterMs / 1_000));
  }
  if (status === 413) response.setHeader("Connection", "close");
  if (status === 401) response.setHeader("WWW-Authenticate", 'Bearer realm="Baton"');
  const body =
    pathOf(request) === "/mcp"
      ? { jsonrpc: "2.0", id: null, error: rpcErrorOf(error) }
      : { errors: [error.toJSON()] };
  sendJson(response, status, body, () => {
    if (request.complete) return response.end();
    linger(request, response);
  });
}

/** If the connection closed while the body arrives, it would be reset, and the client would not get the response. */
function linger(request: IncomingMessage, response: ServerResponse): void {
  const cut = () => {
    response.end();
    request.destroy();
  };
  const late = setTimeout(cut, lingerMs);
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > lingerBytes) cut();
  });
  request.once("close", () => clearTimeout(late));
  request.once("end", () => response.end());
  request.resume();
}

/** The codes are in the range that JSON-RPC reserves for servers. */
function rpcErrorOf({ message, extensions }: GraphQLError): object {
  return { code: -32_000, message, data: extensions };
}

/** @param end ends the response after everything was sent */
function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  end: () => void = () => response.end(),
): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.write(text);
  end();
}

function reasonOf(error: unknown): string {
  return error instanceof BatonError ? error.message : "The database does not respond.";
}
