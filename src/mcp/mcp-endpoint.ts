import { createMcpHandler, type Server } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import type { Session } from "../auth/authenticator.ts";
import { agentNameOf } from "./agent-name.ts";
import { createMcpServer, ExactResult } from "./mcp-server.ts";
import { readMcpMessage, type McpMessage } from "./mcp-message.ts";
import { RunningCalls } from "./running-calls.ts";
import { clientNameOf, sessionIdOf } from "./session-id.ts";
import type { McpServices } from "./tool.ts";

export interface McpEndpointOptions extends McpServices {
  readonly version: string;
  readonly logger: Logger;
}

/** One HTTP request whose caller has a valid token. */
export interface McpRequest {
  /** The body. */
  readonly text: string;
  /** URL, method and headers. Its signal aborts when the caller is gone. */
  readonly request: Request;
  /** Gives the caller's session. The name counts where neither the token nor a header names the agent. */
  readonly authenticate: (clientName: string | undefined) => Session | Promise<Session>;
}

/** An answer. Each chunk of the body is passed through `fill`. */
export interface McpAnswer {
  readonly response: Response;
  readonly fill: (written: string) => string;
}

/**
 * Serves the stateless protocol of 2026-07-28, and the 2025 versions, from the same tools. Each request has a server and a
 * handler of its own, so that what it answers depends on its caller alone.
 */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #running = new RunningCalls();

  constructor(options: McpEndpointOptions) {
    this.#options = options;
  }

  /** @throws BAD_USER_INPUT when the body is not one message; UNAUTHENTICATED */
  async answer({ text, request, authenticate }: McpRequest): Promise<McpAnswer> {
    const { store, writer, feed, version, logger } = this.#options;
    const message = readMcpMessage(text);
    const sessionId = request.headers.get("mcp-session-id");
    const clientName = agentNameOf(
      message.clientName ?? clientNameOf(sessionId),
      store.limits.maxAgentBytes,
    );
    const session = await authenticate(clientName);
    const closed = this.#closedOf(session, message, request);
    const call = { store, writer, feed, session, closed };
    const result = new ExactResult();
    const server = (): Server => createMcpServer({ call, message, result, version, logger });
    const handler = createMcpHandler(server, {
      onerror: (error) => logger.debug({ err: error }, "mcp"),
    });
    const response = await handler.fetch(request, { parsedBody: message.body });
    if (message.method === "initialize" && response.ok) {
      response.headers.set("Mcp-Session-Id", sessionIdOf(clientName ?? ""));
    }
    return { response, fill: (written) => result.fill(written) };
  }

  /** The signal that aborts when the caller no longer waits. Cancels another call if that is what the message says. */
  #closedOf({ viewer }: Session, message: McpMessage, request: Request): AbortSignal {
    const sessionId = request.headers.get("mcp-session-id");
    if (sessionId === null) return request.signal;
    const caller = `${viewer.userId}\n${sessionId}`;
    if (message.method === "notifications/cancelled") {
      this.#running.cancel(caller, message.params.requestId);
    }
    return message.method === "tools/call"
      ? this.#running.begin(caller, message.id, request.signal)
      : request.signal;
  }
}
