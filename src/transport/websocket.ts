import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { handleProtocols, makeServer } from "graphql-ws";
import { WebSocketServer } from "ws";
import { endAbandoned, endAll } from "./end-operations.ts";
import { openSocket, type Connection, type Extra } from "./open-socket.ts";
import { isOfOwnOrigin } from "./own-origin.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";
import { refuseOn } from "./unreadable-request.ts";
import { SocketOperations, type SocketOperationsOptions } from "./socket-operations.ts";

export interface WebsocketOptions extends SocketOperationsOptions {
  /** Whether web pages of other origins can connect. */
  readonly allowsOrigins: boolean;
  readonly maxMessageBytes: number;
  /** Maximum bytes of entries in responses that one socket has requested and not read yet. */
  readonly maxUnreadBytes: number;
  /** Bytes that can wait in memory for one socket. If there are more, its subscriptions read from the log. */
  readonly maxWaitingBytes: number;
}

export interface WebsocketTransport {
  /**
   * Waits until running operations end, then closes every socket. After `deadlineMs`, it destroys the remaining ones.
   */
  close(deadlineMs: number): Promise<void>;
}

/** How often a closing server checks whether the last operations have ended. */
const closingCheckMs = 10;

/** GraphQL over WebSocket (the `graphql-transport-ws` protocol) at /graphql. */
export function serveWebsocket(server: Server, options: WebsocketOptions): WebsocketTransport {
  const { logger, maxMessageBytes: maxPayload } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });
  const contexts = new Set<Connection>();
  const requestIds = new WeakMap<IncomingMessage, string>();
  sockets.on("headers", (headers, request) => {
    headers.push(`${requestIdHeader}: ${requestIds.get(request)}`);
  });
  sockets.on("wsClientError", ({ message }, stream, { method }) => {
    const [status, headers] =
      method === "GET" ? [400, { "Sec-WebSocket-Version": "13, 8" }] : [405, { Allow: "GET" }];
    refuseOn(stream, status, `This is not the handshake of a WebSocket: ${message}.`, { headers });
  });
  let closing = false;
  const operations = new SocketOperations(options);
  const protocol = makeServer<Record<string, unknown>, Extra>({
    onConnect: (context) => {
      contexts.add(context);
      context.extra.endAbandoned = () => endAbandoned(context);
      return operations.greet(context);
    },
    onClose: (context) => {
      contexts.delete(context);
      return endAll(context);
    },
    onSubscribe: (context, id, payload) => operations.prepare(context, id, payload),
    onComplete: (context, id) => operations.complete(context, id),
    execute: (args) => operations.execute(args),
    subscribe: (args) => operations.subscribe(args),
  });

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Node has removed its listener here, and an error without a listener ends the process.
    stream.on("error", () => stream.destroy());
    const [path] = (request.url ?? "").split("?", 1);
    const isForeign = !options.allowsOrigins && !isOfOwnOrigin(request);
    if (path !== "/graphql" || closing || isForeign) {
      if (closing) {
        refuseOn(stream, 503, "The server is stopping. Connect again later.", {
          code: "UNAVAILABLE",
        });
      } else if (isForeign) {
        refuseOn(stream, 403, "Web pages of other origins cannot use this server.", {
          code: "FORBIDDEN",
        });
      } else refuseOn(stream, 404, "This path does not exist. Connect to /graphql.");
      return;
    }
    const { authorization, "baton-agent": agent, traceparent, tracestate } = request.headers;
    const requestId = requestIdOf(request);
    requestIds.set(request, requestId);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      openSocket({
        socket,
        stream,
        requestId,
        protocol,
        graphql: options.graphql,
        memory: options.memory,
        // Only the headers are kept, so that the request can be freed.
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(agent === undefined ? {} : { "baton-agent": agent }),
          ...(options.tracer === null ? {} : { traceparent, tracestate }),
        },
        maxUnreadEntryBytes: options.maxUnreadBytes,
        maxWaitingBytes: options.maxWaitingBytes,
        logger,
      });
    });
  });

  return {
    async close(deadlineMs) {
      closing = true;
      const deadline = performance.now() + deadlineMs;
      const isBusy = () => [...contexts].some(({ subscriptions }) => !isEmpty(subscriptions));
      while (isBusy() && performance.now() < deadline) {
        await pause(closingCheckMs);
      }
      const closed = [...sockets.clients].map(
        (socket) => new Promise((resolve) => socket.once("close", resolve)),
      );
      for (const socket of sockets.clients) socket.close(1001, "Going away");
      const cut = setTimeout(
        () => {
          for (const socket of sockets.clients) socket.terminate();
        },
        Math.max(0, deadline - performance.now()),
      );
      await Promise.all(closed);
      clearTimeout(cut);
      sockets.close();
    },
  };
}

function isEmpty(subscriptions: object): boolean {
  return Object.keys(subscriptions).length === 0;
}
