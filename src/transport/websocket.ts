import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { handleProtocols, makeServer, type Context as SocketContext } from "graphql-ws";
import { WebSocketServer } from "ws";
import { openSocket, type Extra } from "./open-socket.ts";
import { isOfOwnOrigin } from "./own-origin.ts";
import { refusalText } from "./unreadable-request.ts";
import {
  endAbandoned,
  SocketOperations,
  type SocketOperationsOptions,
} from "./socket-operations.ts";

export interface WebsocketOptions extends SocketOperationsOptions {
  /** Whether pages of other sites may connect. */
  readonly allowsOrigins: boolean;
  readonly maxMessageBytes: number;
  /** Bytes of entries in the answers that one socket has asked for and not read yet. */
  readonly maxUnreadBytes: number;
  /** Bytes that wait in memory for one socket, before its subscriptions are fed from the log. */
  readonly maxWaitingBytes: number;
}

export interface WebsocketTransport {
  /** Lets the operations under way end, then closes every socket; those still busy after `deadlineMs` are cut. */
  close(deadlineMs: number): Promise<void>;
}

/** How often a closing server looks whether the last operations have ended. */
const closingCheckMs = 10;

/** GraphQL over WebSocket (the `graphql-transport-ws` protocol) at /graphql. */
export function serveWebsocket(server: Server, options: WebsocketOptions): WebsocketTransport {
  const { logger, maxMessageBytes: maxPayload } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });
  const contexts = new Set<SocketContext<Record<string, unknown>, Extra>>();
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
      endAbandoned(context);
    },
    onSubscribe: (context, id, payload) => operations.prepare(context, id, payload),
    onComplete: (context, id) => operations.complete(context, id),
    execute: (args) => operations.execute(args),
    subscribe: (args) => operations.subscribe(args),
  });

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // From here on Node listens no more, and an error without a listener ends the process.
    stream.on("error", () => stream.destroy());
    const [path] = (request.url ?? "").split("?", 1);
    const isForeign = !options.allowsOrigins && !isOfOwnOrigin(request);
    if (path !== "/graphql" || closing || isForeign) {
      // The other side may keep its half open, and nothing else would ever close it.
      stream.once("finish", () => stream.destroy());
      stream.end(
        closing
          ? refusalText(503, "The server is stopping. Connect again in a moment.", "UNAVAILABLE")
          : isForeign
            ? refusalText(403, "Pages of other sites may not use this server.", "FORBIDDEN")
            : refusalText(404, "Nothing is here. Connect to /graphql."),
      );
      return;
    }
    const { authorization, "baton-agent": agent, traceparent, tracestate } = request.headers;
    sockets.handleUpgrade(request, stream, head, (socket) => {
      openSocket({
        socket,
        stream,
        protocol,
        graphql: options.graphql,
        memory: options.memory,
        // The request itself is large, and may go.
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
        await new Promise((resolve) => setTimeout(resolve, closingCheckMs));
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
