import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError, type ErrorCode } from "../errors.ts";
import { headerCredentials } from "./credentials.ts";
import { serveGraphiql } from "./graphiql.ts";
import type { Graphql } from "./graphql.ts";
import { publicError } from "./public-error.ts";

export interface HttpOptions {
  readonly graphql: Graphql;
  readonly authenticator: Authenticator;
  readonly maxBodyBytes: number;
  /** Rejects while the server can't do its work. */
  readonly checkReady: () => Promise<void>;
  /** Then a connection ends with its answer: its client's next request goes elsewhere. */
  readonly isStopping: () => boolean;
  readonly logger: Logger;
}

/** What a refusal before the operation is read answers as; the operation's own errors come with 200. */
const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 413,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

/** GraphQL over POST, GET and server-sent events; GraphiQL for browsers; health for whoever supervises the process. */
export function httpListener(options: HttpOptions): RequestListener {
  const { logger } = options;
  return (request, response) => {
    const begin = performance.now();
    if (options.isStopping()) response.setHeader("Connection", "close");
    response.once("close", () => {
      const { method } = request;
      const durationMs = Math.round(performance.now() - begin);
      const [path] = (request.url ?? "").split("?", 1);
      logger.debug({ method, path, status: response.statusCode, durationMs }, "request");
    });
    answer(options, request, response).catch((error: unknown) => {
      // The client went away in the middle of its request.
      if (request.destroyed && (!request.complete || isReset(error))) return;
      const fault = publicError(error, logger);
      if (response.headersSent) response.destroy();
      else refuse(request, response, fault);
    });
  };
}

function isReset(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ECONNRESET";
}

async function answer(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (serveGraphiql(request, response)) return;
  const [path] = (request.url ?? "").split("?", 1);
  switch (path) {
    case "/graphql":
      return answerGraphql(options, request, response);
    case "/health/live":
      return sendJson(response, 200, { status: "live" });
    case "/health/ready":
      return options.checkReady().then(
        () => sendJson(response, 200, { status: "ready" }),
        (error: unknown) =>
          sendJson(response, 503, { status: "unavailable", reason: reasonOf(error) }),
      );
    case "/":
      response.writeHead(302, { Location: "/graphql" }).end();
      return;
    default:
      sendJson(response, 404, { error: "Nothing is here. The API is at /graphql." });
  }
}

async function answerGraphql(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { respond, context } = options.graphql;
  // Yoga makes a URL of it, and fails at one that is none. Nothing here depends on it.
  request.headers.host = "localhost";
  if (request.method === "OPTIONS") {
    await respond(request, response, {});
    return;
  }
  const session = await options.authenticator.authenticate(headerCredentials(request.headers));
  if (request.method === "POST") {
    // Where the body is already parsed, Yoga takes it from here.
    Object.assign(request, { body: await readOperation(request, options.maxBodyBytes) });
  } else {
    requireJsonVariables(request.url ?? "");
  }
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  await respond(request, response, context(session, { closed: closed.signal }));
}

/**
 * Reads an operation that was sent as JSON.
 * @throws PAYLOAD_TOO_LARGE, BAD_USER_INPUT
 */
async function readOperation(request: IncomingMessage, maxBytes: number): Promise<object> {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new BatonError(
      "BAD_USER_INPUT",
      `The Content-Type must be application/json; this is ${type?.slice(0, 100) ?? "missing"}.`,
    );
  }
  const body = await readBody(request, maxBytes);
  let operation: unknown;
  try {
    operation = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new BatonError("BAD_USER_INPUT", "The request's body is not JSON in UTF-8.");
  }
  const isOperation =
    typeof operation === "object" &&
    operation !== null &&
    "query" in operation &&
    typeof operation.query === "string";
  if (!isOperation) {
    throw new BatonError(
      "BAD_USER_INPUT",
      'The request\'s body must be an object such as {"query": "{ viewer { user } }", "variables": {}}.',
      { argument: "query" },
    );
  }
  return operation as object;
}

/** @throws PAYLOAD_TOO_LARGE before more than the bound is read */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new BatonError(
      "PAYLOAD_TOO_LARGE",
      `A request may have ${maxBytes} bytes. Send less at once.`,
      { limit: "maxBodyBytes", max: maxBytes },
    );
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws BAD_USER_INPUT when the variables of a GET are no JSON */
function requireJsonVariables(url: string): void {
  const variables = new URLSearchParams(url.split("?", 2)[1]).get("variables");
  try {
    if (variables) JSON.parse(variables);
  } catch {
    throw new BatonError("BAD_USER_INPUT", "variables: Must be JSON.", { argument: "variables" });
  }
}

/** How long a refused body is read and thrown away, for a client that reads no answer before it has sent its all. */
const lingerMs = 3_000;

/** Answers a request whose operation was not even read. */
function refuse(request: IncomingMessage, response: ServerResponse, error: GraphQLError): void {
  const status = statuses[error.extensions.code as ErrorCode] ?? 400;
  if (status === 413) response.setHeader("Connection", "close");
  if (status === 401) response.setHeader("WWW-Authenticate", 'Bearer realm="Baton"');
  response.setHeader("Access-Control-Allow-Origin", "*");
  sendJson(response, status, { errors: [error.toJSON()] }, () => {
    if (request.complete) return response.end();
    // Closed with a body still coming, the connection would be reset, and the answer lost on its way.
    const linger = setTimeout(() => response.end(), lingerMs);
    request.resume().once("close", () => clearTimeout(linger));
    request.once("end", () => response.end());
  });
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
  });
  response.write(text);
  end();
}

function reasonOf(error: unknown): string {
  return error instanceof BatonError ? error.message : "The database does not answer.";
}
