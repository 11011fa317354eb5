import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError } from "../errors.ts";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { OperationObserver } from "../operation-observer.ts";
import type { OperationTracer } from "../operation-trace.ts";
import { acceptedType, type ResultType } from "./accepted-type.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { headerCredentials } from "./credentials.ts";
import { acceptsEventStream, serveEventStream } from "./event-stream.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { graphqlHeaders } from "./graphql-headers.ts";
import { noteUser } from "./http-connection.ts";
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
  readonly services: Pick<Services, "memory" | "bounds">;
  readonly authenticator: Authenticator;
  readonly maxBodyBytes: number;
  /** Whether web pages of other origins can use the API. */
  readonly allowsOrigins: boolean;
  /** Bytes that can wait in memory for a stream of events. If there are more, it reads from the log. */
  readonly maxWaitingBytes: number;
  /** Null if traces are off. */
  readonly tracer: OperationTracer | null;
  readonly observer?: OperationObserver | undefined;
  readonly logger: Logger;
}

/** The status of an operation that was not executed, as `application/graphql-response+json`. */
const refusedStatus = 400;
/** The status of such an operation as `application/json`, by the kind of refusal. */
const jsonStatuses: Record<RefusalKind, number> = { limit: 200, text: 200, name: 400 };

/**
 * /graphql over HTTP. A query or mutation is handled in these steps:
 *
 * 1. Authenticate the caller and check its bounds, before the body is read.
 * 2. Read and parse the body, or the query string of a GET.
 * 3. Look up the document, or parse and validate it.
 * 4. Execute the operation, and write the result with one call.
 *
 * An operation that is refused in the steps 2 and 3 counts as one read.
 *
 * `serveEventStream` handles subscriptions, and Yoga handles preflight requests.
 */
export class GraphqlRoute {
  readonly #options: GraphqlRouteOptions;
  #yoga: Promise<RespondByYoga> | null = null;

  constructor(options: GraphqlRouteOptions) {
    this.#options = options;
  }

  /**
   * @param note receives the details of the operation for the log
   * @throws BatonError if the request is refused before its operation is executed
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
    const { graphql, authenticator, services, allowsOrigins } = this.#options;
    if (!allowsOrigins) requireOwnOrigin(request);
    const session = await authenticator.authenticate(headerCredentials(request.headers));
    note.viewer = session.viewer;
    noteUser(request, session.viewer.userId);
    const context = graphql.context(session, { note, closed: closedOf(response) });
    const { userId } = session.viewer;
    const { accept } = request.headers;
    const type = acceptedType(accept);
    const shown = type ?? "application/json";
    let sent: Operation;
    let prepared: Prepared;
    try {
      sent = await this.#read(request, response, context);
      if (isLoopHeld()) await nextTurn(userId);
      prepared = await graphql.operations.prepare(sent.query, sent.operationName, userId);
      note.definition = prepared.operation;
      requireAnswerable(request, prepared, type);
      // The execution gets its own turn. On a socket, later operations would overtake this one.
      if (isLoopHeld()) await nextTurn(userId);
    } catch (refusal) {
      const error = services.bounds.refuse(session.viewer, refusal);
      if (!(error instanceof OperationRefusal)) throw error;
      const status = shown === "application/json" ? jsonStatuses[error.kind] : refusedStatus;
      const errors = graphql.publicErrors(error.errors, note);
      note.errorCode = codeOf(errors);
      this.#options.observer?.refused("http", String(note.errorCode));
      return send(
        graphqlHeaders(`${shown}; charset=utf-8`, request, note),
        response,
        status,
        writeResult({ errors }),
      );
    }
    if (prepared.operation.operation === "subscription") {
      const { variables } = sent;
      const { maxWaitingBytes } = this.#options;
      const stream = { graphql, prepared, variables, context, maxWaitingBytes, note };
      return serveEventStream(request, response, stream);
    }
    try {
      const { text, isExecuted, errorCode } = await graphql.execute(
        prepared,
        sent.variables,
        context,
      );
      note.errorCode = errorCode;
      const status = isExecuted || shown === "application/json" ? 200 : refusedStatus;
      const headers = graphqlHeaders(`${shown}; charset=utf-8`, request, note);
      if (typeof text === "string") send(headers, response, status, text);
      else await sendParts(response, status, headers, { parts: text, userId });
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
    const { memory, bounds } = services;
    const { viewer } = context;
    switch (request.method) {
      case "POST": {
        requireJson(request);
        const options = { response, maxBytes: maxBodyBytes, memory, viewer, bounds };
        const body = await readBody(request, options);
        const text = await textOf(body, viewer.userId);
        return graphql.readOperation(text, viewer.userId);
      }
      case "GET": {
        bounds.receive(viewer, request.url?.length ?? 0);
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

/** @throws HttpRefusal if the operation cannot be answered in the form of this request */
function requireAnswerable(
  { method, headers: { accept } }: IncomingMessage,
  { operation: { operation: kind } }: Prepared,
  type: ResultType | null,
): void {
  if (kind === "subscription") {
    if (!acceptsEventStream(accept)) throw notAcceptable(accept, true);
    return;
  }
  if (type === null) throw notAcceptable(accept, false);
  if (kind === "mutation" && method !== "POST") throw mutationByGet();
}

/** @throws BAD_USER_INPUT unless the Content-Type is JSON */
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

/** The text after the first question mark. It includes further question marks. */
function searchOf(url: string): string {
  const begin = url.indexOf("?");
  return begin < 0 ? "" : url.slice(begin + 1);
}

/**
 * Returns a function for the signal that aborts when the connection closes. The signal is created at the first call.
 */
function closedOf(response: ServerResponse): () => AbortSignal {
  let controller: AbortController | null = null;
  return () => {
    if (controller) return controller.signal;
    const closing = new AbortController();
    if (response.destroyed) closing.abort();
    else {
      // An abort creates an error with a stack. After the response, no code waits for the signal.
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

/** Writes the head and the body of a result with one call. `text` is JSON. */
function send(headers: string[], response: ServerResponse, status: number, text: string): void {
  headers.push("Content-Length", String(Buffer.byteLength(text)));
  response.writeHead(status, headers).end(text);
}
