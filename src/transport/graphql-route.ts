import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError } from "../errors.ts";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { OperationTracer } from "../operation-trace.ts";
import { acceptedType, type ResultType } from "./accepted-type.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { headerCredentials } from "./credentials.ts";
import { acceptsEventStream, serveEventStream } from "./event-stream.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { missingQuery, mutationByGet, notAcceptable, unknownMethod } from "./http-refusal.ts";
import type { OperationContext, Services } from "./operation-context.ts";
import type { OperationNote } from "./operation-note.ts";
import { OperationRefusal, type Prepared, type RefusalKind } from "./operations.ts";
import { readBody, textOf } from "./read-body.ts";
import type { Operation } from "./read-operation.ts";
import { sendParts } from "./send-parts.ts";
import { writeResult } from "./write-result.ts";
import type { RespondByYoga } from "./yoga.ts";

export interface GraphqlRouteOptions {
  readonly graphql: Graphql;
  readonly services: Pick<Services, "memory">;
  readonly authenticator: Authenticator;
  readonly maxBodyBytes: number;
  /** Whether pages of other sites may use the API. */
  readonly allowsOrigins: boolean;
  /** Bytes that wait in memory for a stream of events, before it is fed from the log. */
  readonly maxWaitingBytes: number;
  /** Null where there are no traces. */
  readonly tracer: OperationTracer | null;
  readonly logger: Logger;
}

/** The status of an operation that was not executed, as `application/graphql-response+json`. */
const refusedStatus = 400;
/** The same as `application/json`, by what is wrong with it. */
const jsonStatuses: Record<RefusalKind, number> = { limit: 200, text: 200, name: 400 };

/**
 * /graphql over HTTP. A query or mutation that is answered with one JSON document goes the short way:
 *
 * 1. The caller is authenticated, before its body is read.
 * 2. The body is read and parsed, or the query string of a GET.
 * 3. The document is looked up, or parsed and validated.
 * 4. It is executed, and the result is written with one call.
 *
 * A subscription goes to `serveEventStream`, and a preflight request to Yoga.
 */
export class GraphqlRoute {
  readonly #options: GraphqlRouteOptions;
  #yoga: Promise<RespondByYoga> | null = null;

  constructor(options: GraphqlRouteOptions) {
    this.#options = options;
  }

  /**
   * @param note where what is known of the operation is noted
   * @throws BatonError when the request is refused before its operation is executed
   */
  answer(request: IncomingMessage, response: ServerResponse, note: OperationNote): Promise<void> {
    const { tracer } = this.#options;
    if (!tracer) return this.#answer(request, response, note);
    note.trace = tracer.begin(performance.now(), [request.headers]);
    return note.trace.run(() => this.#answer(request, response, note));
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    note: OperationNote,
  ): Promise<void> {
    if (request.method === "OPTIONS" && this.#options.allowsOrigins)
      return this.#respondByYoga(request, response);
    const { graphql, authenticator, allowsOrigins } = this.#options;
    if (!allowsOrigins) requireOwnOrigin(request);
    const session = await authenticator.authenticate(headerCredentials(request.headers));
    note.viewer = session.viewer;
    const context = graphql.context(session, { note, closed: closedOf(response) });
    const sent = await this.#read(request, response, context);
    const { userId } = session.viewer;
    if (isLoopHeld()) await nextTurn(userId);
    const { accept } = request.headers;
    const type = acceptedType(accept);
    let prepared: Prepared;
    try {
      prepared = graphql.operations.prepare(sent.query, sent.operationName);
    } catch (error) {
      if (!(error instanceof OperationRefusal)) throw error;
      const shown = type ?? "application/json";
      const status = shown === "application/json" ? jsonStatuses[error.kind] : refusedStatus;
      const errors = graphql.publicErrors(error.errors, note);
      note.errorCode = codeOf(errors);
      return send(request, response, status, shown, writeResult({ errors }));
    }
    note.definition = prepared.operation;
    const kind = prepared.operation.operation;
    if (kind === "subscription") {
      if (!acceptsEventStream(accept)) throw notAcceptable(accept, true);
      const { variables } = sent;
      const { maxWaitingBytes } = this.#options;
      const stream = { graphql, prepared, variables, context, maxWaitingBytes, note };
      return serveEventStream(request, response, stream);
    }
    if (type === null) throw notAcceptable(accept, false);
    if (kind === "mutation" && request.method !== "POST") throw mutationByGet();
    try {
      const { text, isExecuted, errorCode } = await graphql.answer(
        prepared,
        sent.variables,
        context,
      );
      note.errorCode = errorCode;
      const status = isExecuted || type === "application/json" ? 200 : refusedStatus;
      if (typeof text === "string") send(request, response, status, type, text);
      else await sendParts(response, status, headersFor(request, type), { parts: text, userId });
    } finally {
      if (context.budget.isShared) whenOver(response, () => context.budget.reset());
    }
  }

  /** @throws HttpRefusal, BAD_USER_INPUT, PAYLOAD_TOO_LARGE, LIMIT_EXCEEDED */
  async #read(
    request: IncomingMessage,
    response: ServerResponse,
    context: OperationContext,
  ): Promise<Operation> {
    const { graphql, services, maxBodyBytes } = this.#options;
    const { memory } = services;
    const { userId } = context.viewer;
    switch (request.method) {
      case "POST": {
        requireJson(request);
        const body = await readBody(request, { response, maxBytes: maxBodyBytes, memory, userId });
        context.requestBytes = body.length;
        return graphql.readOperation(textOf(body), userId);
      }
      case "GET": {
        context.requestBytes = request.url?.length ?? 0;
        const sent = await graphql.readSearch(searchOf(request.url ?? ""));
        if (sent) return sent;
        throw missingQuery();
      }
      default:
        throw unknownMethod(request.method);
    }
  }

  async #respondByYoga(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#yoga ??= import("./yoga.ts").then(({ createYogaResponder }) => createYogaResponder());
    const respond = await this.#yoga;
    await respond(request, response);
  }
}

/** @throws BAD_USER_INPUT unless the request says that its body is JSON */
function requireJson(request: IncomingMessage): void {
  const header = request.headers["content-type"];
  if (header === "application/json") return;
  const type = header?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw new BatonError(
    "BAD_USER_INPUT",
    `The Content-Type must be application/json; this is ${type?.slice(0, 100) ?? "missing"}.`,
  );
}

/** What follows the first question mark. Further ones are part of it. */
function searchOf(url: string): string {
  const begin = url.indexOf("?");
  return begin < 0 ? "" : url.slice(begin + 1);
}

/** The signal that aborts when the connection is gone, made when it is asked for. */
function closedOf(response: ServerResponse): () => AbortSignal {
  let controller: AbortController | null = null;
  return () => {
    if (controller) return controller.signal;
    const closing = new AbortController();
    if (response.destroyed) closing.abort();
    else {
      // An abort makes an error with a stack. Nobody waits for one after the answer.
      response.once("close", () => {
        if (!response.writableFinished) closing.abort();
      });
    }
    controller = closing;
    return closing.signal;
  };
}

function whenOver(response: ServerResponse, then: () => void): void {
  if (response.destroyed || response.writableFinished) then();
  else response.once("close", then);
}

/** Writes a result, head and body with one call. `text` is JSON. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: ResultType,
  text: string,
): void {
  const headers = headersFor(request, type);
  headers.push("Content-Length", String(Buffer.byteLength(text)));
  response.writeHead(status, headers).end(text);
}

function headersFor({ headers: { origin } }: IncomingMessage, type: ResultType): string[] {
  const headers = ["Content-Type", `${type}; charset=utf-8`, "X-Content-Type-Options", "nosniff"];
  // A caller is known by its token alone, never by cookies, so any page may ask.
  if (origin !== undefined) headers.push("Access-Control-Allow-Origin", origin, "Vary", "Origin");
  return headers;
}
