import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError, type ErrorCode } from "../errors.ts";
import { isLoopHeld, nextTurn, nobody } from "../event-loop.ts";
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

export interface HttpOptions {
  readonly graphql: Graphql;
  /** What tools work with. */
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly maxBodyBytes: number;
  /** Whether pages of other sites may use the API. */
  readonly allowsOrigins: boolean;
  readonly servesGraphiql: boolean;
  readonly servesBoard: boolean;
  /** Whether it is served over TLS, which browsers are told to keep to. */
  readonly isSecure: boolean;
  /** Bytes that wait in memory for a stream of events, before it is fed from the log. */
  readonly maxWaitingBytes: number;
  /** Rejects while the server can't do its work. */
  readonly checkReady: () => Promise<void>;
  /** Aborts when the server begins to stop. */
  readonly stopped: AbortSignal;
  /** Then a connection ends with its answer: its client's next request goes elsewhere. */
  readonly isStopping: () => boolean;
  /** Null where there are no traces. */
  readonly tracer: OperationTracer | null;
  readonly logger: Logger;
}

/** What a refusal before the operation is read answers as; the operation's own errors come with 200. */
const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

/**
 * GraphQL over POST, GET and server-sent events; the board and GraphiQL for browsers; MCP for models; health for whoever supervises the
 * process.
 */
export function httpListener(options: HttpOptions): RequestListener {
  const { logger, tracer } = options;
  const routes = {
    graphql: new GraphqlRoute(options),
    mcp: new McpRoute({ ...options, ...options.services }),
  };
  return (request, response) => {
    if (options.isSecure) response.setHeader("Strict-Transport-Security", "max-age=31536000");
    if (options.isStopping()) response.setHeader("Connection", "close");
    const note: OperationNote = {};
    const requestId = requestIdOf(request);
    if (requestId !== null) note.requestId = requestId;
    if (logger.isLevelEnabled("debug")) logWhenAnswered(logger, request, response, note);
    if (tracer) response.once("close", () => note.trace?.end(tracedNote(note)));
    answer(options, routes, request, response, note).catch(async (error: unknown) => {
      // A thousand connections that are refused in one turn of the event loop are not answered in the same one.
      if (isLoopHeld()) await nextTurn(nobody);
      // The client went away in the middle of its request.
      if (request.destroyed && (!request.complete || isReset(error))) return;
      const fault = publicError(error, logger, note);
      note.errorCode = codeOf([fault]);
      if (response.headersSent) response.destroy();
      else {
        // A page may read why it was refused, where pages may ask.
        if (options.allowsOrigins) response.setHeader("Access-Control-Allow-Origin", "*");
        refuse(request, response, fault, error instanceof HttpRefusal ? error : null);
      }
    });
  };
}

/** The id that the caller, or a proxy before this server, gave the request. */
function requestIdOf({ headers }: IncomingMessage): string | null {
  const sent = headers["x-request-id"];
  return typeof sent === "string" && /^[\w.:/+=-]{1,128}$/.test(sent) ? sent : null;
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
    return graphql.answer(request, response, note);
  }
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
  throw new HttpRefusal(404, `Nothing is here. ${board} API is at /graphql, and MCP at /mcp.`);
}

/**
 * How long, and how much of, a refused body is read and thrown away, for a client that reads no answer before it has sent
 * its all. Whoever sends on without an end is cut then.
 */
const lingerMs = 3_000;
const lingerBytes = 32 * 1024 * 1024;

/** Answers a request whose operation was not even read. */
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

/** Closed with a body still coming, the connection would be reset, and the answer lost on its way. */
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

/** The range of codes is the one that JSON-RPC leaves to servers. */
function rpcErrorOf({ message, extensions }: GraphQLError): object {
  return { code: -32_000, message, data: extensions };
}

/** @param end ends the answer, all of which was sent */
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
  return error instanceof BatonError ? error.message : "The database does not answer.";
}
