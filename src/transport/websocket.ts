import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { GraphQLError, ExecutionArgs, ExecutionResult } from "graphql";
import { handleProtocols, makeServer, type Context as SocketContext } from "graphql-ws";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { Authenticator } from "../auth/authenticator.ts";
import { badUserInput, limitExceeded } from "../errors.ts";
import type { Context } from "../schema/context.ts";
import { schema } from "../schema/schema.ts";
import { socketCredentials } from "./credentials.ts";
import type { Graphql } from "./graphql.ts";
import { openSocket, type Extra } from "./open-socket.ts";
import { OperationRefusal, type Prepared } from "./operations.ts";
import { publicError } from "./public-error.ts";

export interface WebsocketOptions {
  readonly graphql: Graphql;
  readonly authenticator: Authenticator;
  readonly maxMessageBytes: number;
  /** Operations that one socket may have open. */
  readonly maxOperations: number;
  /** Bytes of entries in the answers that one socket has asked for and not read yet. */
  readonly maxUnreadBytes: number;
  readonly logger: Logger;
}

export interface WebsocketTransport {
  /** Lets the operations under way end, then closes every socket; those still busy after `deadlineMs` are cut. */
  close(deadlineMs: number): Promise<void>;
}

const maxOperationIdLength = 256;
/** How often a closing server looks whether the last operations have ended. */
const closingCheckMs = 10;

type OperationContext = SocketContext<Record<string, unknown>, Extra>;

/** What `onSubscribe` prepares for `execute` and `subscribe`. */
interface Arguments extends ExecutionArgs {
  readonly prepared: Prepared;
  readonly variableValues: Readonly<Record<string, unknown>> | undefined;
  readonly contextValue: Context;
}

/** GraphQL over WebSocket (the `graphql-transport-ws` protocol) at /graphql. */
export function serveWebsocket(server: Server, options: WebsocketOptions): WebsocketTransport {
  const { graphql, logger, maxMessageBytes: maxPayload } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });
  const contexts = new Set<OperationContext>();
  let closing = false;
  const protocol = makeServer<Record<string, unknown>, Extra>({
    onConnect: (context) => {
      contexts.add(context);
      context.extra.endAbandoned = () => endAbandoned(context);
    },
    onClose: (context) => {
      contexts.delete(context);
      endAbandoned(context);
    },
    onSubscribe: (context, id, payload) => prepare(options, context, id, payload),
    // By now the socket has taken the answer.
    onComplete: ({ extra: { operations } }, id) => {
      operations.get(id)?.budget.reset();
      operations.delete(id);
    },
    execute: (args) => {
      const { prepared, variableValues, contextValue } = args as Arguments;
      return run(logger, () => graphql.execute(prepared, variableValues, contextValue));
    },
    subscribe: (args) => {
      const { prepared, variableValues, contextValue } = args as Arguments;
      return run(logger, async () => graphql.subscribe(prepared, variableValues, contextValue));
    },
  });

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // From here on Node listens no more, and an error without a listener ends the process.
    socket.on("error", () => socket.destroy());
    const [path] = (request.url ?? "").split("?", 1);
    if (path !== "/graphql" || closing) {
      // The other side may keep its half open, and nothing else would ever close it.
      socket.once("finish", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const extra: Extra = {
        request,
        authenticated: false,
        underWay: { bytes: 0, maxBytes: options.maxUnreadBytes },
        operations: new Map(),
        endAbandoned: () => {},
      };
      openSocket(webSocket, extra, protocol, logger);
    });
  });

  return {
    async close(deadlineMs) {
      closing = true;
      const deadline = Date.now() + deadlineMs;
      const isBusy = () => [...contexts].some(({ subscriptions }) => !isEmpty(subscriptions));
      while (isBusy() && Date.now() < deadline) {
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
        Math.max(0, deadline - Date.now()),
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

/** graphql-ws forgets what its caller completes, and everything with the socket, and lets a query go on. */
function endAbandoned({ extra: { operations }, subscriptions }: OperationContext): void {
  for (const [id, { closed }] of operations) if (!(id in subscriptions)) closed.abort();
}

/** Authenticates and checks one operation. What is refused is the operation; the socket may carry others. */
async function prepare(
  { graphql, authenticator, maxOperations, logger }: WebsocketOptions,
  context: OperationContext,
  id: string,
  payload: {
    query: string;
    operationName?: string | null | undefined;
    variables?: unknown;
    extensions?: unknown;
  },
) {
  try {
    const { extra } = context;
    // An operation that its caller has given up may still be running, and is counted until it ends.
    if (id.length > maxOperationIdLength || extra.operations.has(id)) {
      throw badUserInput("id", "Give each operation a short id that none still running has.");
    }
    const open = Math.max(Object.keys(context.subscriptions).length, extra.operations.size + 1);
    if (open > maxOperations) {
      throw limitExceeded(
        "maxSubscriptions",
        maxOperations,
        `One socket may have ${maxOperations} operations open. Complete one, or open another socket.`,
      );
    }
    const session = await authenticator.authenticate(
      socketCredentials(context.connectionParams, payload.extensions, extra.request.headers),
    );
    extra.authenticated = true;
    const closed = new AbortController();
    const { underWay } = extra;
    const contextValue = graphql.context(session, { underWay, closed: () => closed.signal });
    const prepared = graphql.operations.prepare(payload.query, payload.operationName);
    extra.operations.set(id, { budget: contextValue.budget, closed });
    // It may have been given up meanwhile.
    endAbandoned(context);
    return {
      schema,
      document: prepared.document,
      operationName: payload.operationName,
      variableValues: payload.variables as Record<string, unknown> | undefined,
      contextValue,
      prepared,
    };
  } catch (error) {
    if (error instanceof OperationRefusal) return graphql.publicErrors(error.errors);
    return [socketError(error, logger)];
  }
}

/** As elsewhere, without what is for HTTP. */
function socketError(error: unknown, logger: Logger): GraphQLError {
  const shown = publicError(error, logger);
  delete shown.extensions.http;
  return shown;
}

type Result = ExecutionResult | AsyncIterable<ExecutionResult>;

/** graphql-ws would close the whole socket for what is thrown here; it becomes a result of the one operation. */
async function run(logger: Logger, operation: () => unknown): Promise<Result> {
  try {
    const result = (await operation()) as Result;
    return Symbol.asyncIterator in result ? withPublicErrors(result, logger) : result;
  } catch (error) {
    return { errors: [socketError(error, logger)] };
  }
}

function withPublicErrors(
  results: AsyncIterable<ExecutionResult>,
  logger: Logger,
): AsyncGenerator<ExecutionResult, void, void> {
  const iterator = results[Symbol.asyncIterator]();
  const end = async () => {
    await iterator.return?.();
    return { done: true as const, value: undefined };
  };
  return {
    async next() {
      try {
        const { done, value } = await iterator.next();
        return done ? { done, value: undefined } : { done: false, value };
      } catch (error) {
        throw socketError(error, logger);
      }
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
