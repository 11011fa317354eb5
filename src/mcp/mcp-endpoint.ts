import { createMcpHandler, type Server } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import type { Session } from "../auth/authenticator.ts";
import { BatonError } from "../errors.ts";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import { inSteps } from "../in-steps.ts";
import type { OperationObserver } from "../operation-observer.ts";
import type { OperationTracer } from "../operation-trace.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { agentNameOf } from "./agent-name.ts";
import { Listen } from "./listen.ts";
import { describeCall, type CallNote } from "./call-note.ts";
import { createMcpServer, ExactResult, rpcError } from "./mcp-server.ts";
import { readMcpMessage, type McpMessage } from "./mcp-message.ts";
import { ResourceSessions } from "./resource-sessions.ts";
import type { Outlet } from "./resource-watch.ts";
import { RunningCalls } from "./running-calls.ts";
import { clientNameOf, sessionIdOf } from "./session-id.ts";
import { shownError } from "./tool-error.ts";
import type { McpServices } from "./tool.ts";
import { tools } from "./tools.ts";

export interface McpEndpointOptions extends McpServices {
  readonly version: string;
  /** Null if traces are off. */
  readonly tracer: OperationTracer | null;
  readonly observer: OperationObserver | undefined;
  readonly logger: Logger;
}

/** One HTTP request whose caller has a valid token. */
export interface McpRequest {
  /** The body. */
  readonly text: string;
  readonly viewer: Viewer;
  /** The URL, method and headers. Its signal aborts when the caller disconnects. */
  readonly request: Request;
  readonly outlet: Outlet;
  /** Returns the caller's session. The client's name is used if neither the token nor a header names the agent. */
  readonly authenticate: (clientName: string | undefined) => Session | Promise<Session>;
  readonly note: CallNote;
}

/** A response. Each chunk of the body is passed through `fill`. */
export interface McpResponse {
  readonly response: Response;
  readonly fill: (written: string) => string;
}

/**
 * Serves the stateless protocol of 2026-07-28 and the 2025 versions with the same tools. Each request has its own
 * server and handler, so that the response depends only on its caller.
 */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #running = new RunningCalls();
  readonly #sessions: ResourceSessions;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    this.#sessions = new ResourceSessions(options);
  }

  /** @throws BAD_USER_INPUT if the body is not one message; UNAUTHENTICATED; RATE_LIMITED */
  async answer(sent: McpRequest): Promise<McpResponse> {
    const { tracer } = this.#options;
    const beganAt = performance.now();
    const { viewer } = sent;
    let message: McpMessage;
    try {
      message = await inSteps(readMcpMessage(sent.text), viewer.userId);
    } catch (error) {
      throw this.#options.bounds.refuse(viewer, error);
    }
    if (isLoopHeld()) await nextTurn(viewer.userId);
    if (!tracer) return this.#answer(message, sent);
    const { headers } = sent.request;
    const trace = tracer.begin(beganAt, [
      message.meta,
      { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") },
    ]);
    sent.note.trace = trace;
    return trace.run(() => this.#answer(message, sent));
  }

  async #answer(
    message: McpMessage,
    { request, outlet, authenticate, note }: McpRequest,
  ): Promise<McpResponse> {
    const { store, writer, feed, bounds, version, observer, logger } = this.#options;
    const sessionId = request.headers.get("mcp-session-id");
    const clientName = agentNameOf(
      message.clientName ?? clientNameOf(sessionId),
      store.limits.maxAgentBytes,
    );
    note.call = describeCall(message);
    const session = await authenticate(clientName);
    note.viewer = session.viewer;
    bounds.admit(session.viewer, writes(message) ? "Writes" : "Reads", 1);
    const caller = callerOf(session, sessionId);
    const closed = this.#closedOf(caller, message, request.signal);
    const call = { store, writer, feed, bounds, session, closed };
    const result = new ExactResult();
    const server = (): Server =>
      createMcpServer({
        call,
        message,
        result,
        subscribe: async (uri) => this.#sessions.subscribe(requireCaller(caller), session, uri),
        unsubscribe: (uri) => this.#sessions.unsubscribe(requireCaller(caller), uri),
        version,
        observer,
        note,
        logger,
      });
    const listen =
      message.method === "subscriptions/listen"
        ? new Listen({ bounds, feed, store, session, outlet, onEnd: () => void handler.close() })
        : null;
    const handler = createMcpHandler(server, {
      onerror: (error) => logger.debug({ err: error }, "mcp"),
      ...(listen ? { bus: listen } : {}),
    });
    try {
      await listen?.begin(message.params);
    } catch (error) {
      const shown = shownError(error, logger, note);
      note.errorCode = shown.code;
      const { code, message: why, data } = rpcError(shown);
      const body = { jsonrpc: "2.0", id: message.id ?? null, error: { code, message: why, data } };
      return { response: Response.json(body), fill: asItIs };
    }
    const response = await handler.fetch(request, { parsedBody: message.body });
    if (listen && !isEventStream(response)) listen.close();
    if (message.method === "initialize" && response.ok) {
      response.headers.set("Mcp-Session-Id", sessionIdOf(clientName ?? ""));
    }
    return { response, fill: (written) => result.fill(written) };
  }

  /**
   * Opens the stream on which clients of the 2025 versions receive notifications of changes.
   * @returns null for a request that does not come from such a client
   */
  async stream(
    request: Request,
    outlet: Outlet,
    authenticate: McpRequest["authenticate"],
  ): Promise<McpResponse | null> {
    const session = await authenticate(undefined);
    const caller = callerOf(session, request.headers.get("mcp-session-id"));
    const accept = request.headers.get("accept") ?? "";
    if (caller === null || !accept.includes("text/event-stream")) return null;
    const response = this.#sessions.open(caller, { session, outlet, closed: request.signal });
    return { response, fill: asItIs };
  }

  /**
   * Returns the signal that aborts when the caller no longer waits. If the message cancels another call, cancels it.
   */
  #closedOf(caller: string | null, message: McpMessage, closed: AbortSignal): AbortSignal {
    if (caller === null) return closed;
    if (message.method === "notifications/cancelled") {
      this.#running.cancel(caller, message.params.requestId);
    }
    return message.method === "tools/call"
      ? this.#running.begin(caller, message.id, closed)
      : closed;
  }
}

/** Whether the message calls a tool that writes. */
function writes({ method, params }: McpMessage): boolean {
  if (method !== "tools/call") return false;
  const called = tools.find(({ name }) => name === params.name);
  return called?.listed.annotations.readOnlyHint === false;
}

const asItIs = (written: string) => written;

/** Returns the identity of a client of a 2025 version; null for a client of the stateless protocol. */
function callerOf({ viewer }: Session, sessionId: string | null): string | null {
  return sessionId === null ? null : `${viewer.userId}\n${sessionId}`;
}

/** @throws BAD_USER_INPUT */
function requireCaller(caller: string | null): string {
  if (caller !== null) return caller;
  throw new BatonError(
    "BAD_USER_INPUT",
    "Send the Mcp-Session-Id from the response to initialize.",
  );
}

function isEventStream({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") === true;
}
