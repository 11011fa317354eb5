import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator.ts";
import { BatonError } from "../errors.ts";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { CallNote } from "../mcp/call-note.ts";
import type { McpResponse, McpEndpoint } from "../mcp/mcp-endpoint.ts";
import type { OperationObserver } from "../operation-observer.ts";
import type { OperationTracer } from "../operation-trace.ts";
import type { Services } from "./operation-context.ts";
import { headerCredentials } from "./credentials.ts";
import type { Outlet } from "../mcp/resource-watch.ts";
import { packageVersion } from "../package-version.ts";
import { isThisMachine } from "../this-machine.ts";
import { noteUser } from "./http-connection.ts";
import { HttpRefusal } from "./http-refusal.ts";
import { tracedNote } from "./operation-note.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { readBody, textOf } from "./read-body.ts";
import { requestIdHeader } from "./request-id.ts";

export interface McpRouteOptions extends Services {
  readonly authenticator: Authenticator;
  /** Whether web pages of other origins on this machine can use MCP. */
  readonly allowsOrigins: boolean;
  /** Bytes that can wait in memory for a stream of notifications. If there are more, the feed waits. */
  readonly maxWaitingBytes: number;
  /** Aborts when the server begins to stop. */
  readonly stopped: AbortSignal;
  /** Null if traces are off. */
  readonly tracer: OperationTracer | null;
  readonly observer?: OperationObserver | undefined;
  readonly logger: Logger;
}

/** The size of a message in addition to its value. */
const messageBytes = 64 * 1024;

/** Headers that a page can send and read. */
const corsHeaders = {
  "Access-Control-Allow-Methods": "POST, GET, DELETE, OPTIONS",
  "Access-Control-Allow-Headers":
    "Authorization, Content-Type, Accept, Baton-Agent, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name",
  "Access-Control-Expose-Headers": `Mcp-Session-Id, WWW-Authenticate, ${requestIdHeader}`,
  "Access-Control-Max-Age": "600",
};

/**
 * /mcp: the Model Context Protocol over Streamable HTTP.
 *
 * 1. Authenticate the caller, before the body is read.
 * 2. Read the body. The client's name in it is the agent, unless the token or a header names one.
 * 3. Load the endpoint, if this is the first request. It handles the message.
 * 4. Send each part of the endpoint's response when it arrives.
 */
export class McpRoute {
  readonly #options: McpRouteOptions;
  #endpoint: Promise<McpEndpoint> | null = null;

  constructor(options: McpRouteOptions) {
    this.#options = options;
  }

  /** @throws BatonError if the request is refused before its message is read */
  async answer(request: IncomingMessage, response: ServerResponse, note: CallNote): Promise<void> {
    const { authenticator, store, maxWaitingBytes, allowsOrigins, tracer } = this.#options;
    const { limits } = store;
    if (!allowsOrigins) requireOwnOrigin(request);
    else allowOrigin(request, response);
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    const credentials = headerCredentials(request.headers);
    const authenticate = (clientName: string | undefined) =>
      authenticator.authenticate({ ...credentials, agent: credentials.agent ?? clientName });
    const { viewer } = await authenticate(undefined);
    const { userId } = viewer;
    noteUser(request, userId);
    const outlet = outletOf(response, maxWaitingBytes);
    if (request.method !== "POST") {
      const signal = this.#signalOf(response);
      if (request.method === "GET") {
        note.call = "stream";
        note.viewer = viewer;
        note.trace = tracer?.begin(performance.now(), [request.headers]);
      }
      const endpoint = await this.#load();
      const stream =
        request.method === "GET"
          ? await endpoint.stream(webRequest(request, signal), outlet, authenticate)
          : null;
      if (stream) {
        // As with a subscription, the span covers the beginning of the stream.
        note.trace?.end(tracedNote(note));
        return pass(stream, response);
      }
      throw new HttpRefusal(405, `Send each message by POST, and not by ${request.method}.`, {
        Allow: "POST",
      });
    }
    const maxBytes = Math.min(limits.maxBodyBytes, limits.maxValueBytes + messageBytes);
    const { memory, bounds } = this.#options;
    const body = await readBody(request, { response, maxBytes, memory, viewer, bounds });
    if (isLoopHeld()) await nextTurn(userId);
    const text = await textOf(body, userId);
    const signal = this.#signalOf(response);
    const endpoint = await this.#load();
    const sent = { text, viewer, request: webRequest(request, signal), outlet, authenticate, note };
    return pass(await endpoint.answer(sent), response);
  }

  /** The signal aborts when the caller disconnects. The signal of a stream also aborts when the server stops. */
  #signalOf(response: ServerResponse): AbortSignal {
    const { stopped } = this.#options;
    const closing = new AbortController();
    const close = () => closing.abort();
    if (response.req.method === "GET") stopped.addEventListener("abort", close);
    response.once("close", () => {
      stopped.removeEventListener("abort", close);
      close();
    });
    return closing.signal;
  }

  #load(): Promise<McpEndpoint> {
    const { store, writer, feed, bounds, tracer, observer, logger } = this.#options;
    const version = packageVersion();
    // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
    this.#endpoint ??= import("../mcp/mcp-endpoint.ts").then(
      ({ McpEndpoint }) =>
        new McpEndpoint({ store, writer, feed, bounds, tracer, observer, logger, version }),
    );
    return this.#endpoint;
  }
}

/**
 * Allows web pages on this machine, such as the protocol's inspector. Callers authenticate only with tokens, but the
 * protocol requires that pages of other origins are refused.
 * @throws FORBIDDEN for a page of another origin
 */
function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  const hostname = URL.canParse(origin) ? new URL(origin).hostname : "";
  if (!isThisMachine(hostname)) {
    throw new BatonError(
      "FORBIDDEN",
      `A web page at ${JSON.stringify(origin.slice(0, 200))} cannot use MCP here: only pages on this machine can. Programs send no Origin header.`,
    );
  }
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Vary", "Origin");
  for (const [name, value] of Object.entries(corsHeaders)) response.setHeader(name, value);
}

function outletOf(response: ServerResponse, maxWaitingBytes: number): Outlet {
  const isFull = () => response.writableLength >= maxWaitingBytes;
  const drained = async () => {
    while (isFull() && !response.destroyed) {
      await new Promise<void>((resolve) => {
        const done = () => {
          response.off("drain", done).off("close", done);
          resolve();
        };
        response.on("drain", done).on("close", done);
      });
    }
  };
  // All subscriptions of this stream share one wait.
  let waiting: Promise<void> | null = null;
  return {
    get isFull() {
      return isFull();
    },
    drained() {
      waiting ??= drained().finally(() => (waiting = null));
      return waiting;
    },
  };
}

/** The request without its body, which was read before. */
function webRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The token is only for this server.
    if (typeof value === "string" && name !== "authorization") headers.set(name, value);
  }
  // The name that the client used for this server has no effect.
  return new Request("http://baton.invalid/mcp", {
    method: request.method ?? "POST",
    headers,
    signal,
  });
}

/** Sends the response as it arrives. Each chunk is one message, so it is filled in one piece. */
async function pass({ response: from, fill }: McpResponse, to: ServerResponse): Promise<void> {
  if (to.destroyed) {
    await from.body?.cancel();
    return;
  }
  for (const [name, value] of from.headers) to.setHeader(name, value);
  to.setHeader("Cache-Control", "no-store");
  to.setHeader("X-Content-Type-Options", "nosniff");
  to.writeHead(from.status);
  if (!from.body) {
    to.end();
    return;
  }
  const decoder = new TextDecoder();
  const body = from.body as unknown as AsyncIterable<Uint8Array>;
  for await (const chunk of body) {
    if (to.destroyed) return;
    to.write(fill(decoder.decode(chunk, { stream: true })));
  }
  to.end();
}
