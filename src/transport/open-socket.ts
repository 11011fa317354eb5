import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, MessageType, type Context, type makeServer } from "graphql-ws";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import { nobody } from "../event-loop.ts";
import type { AnswersUnderWay } from "../store/response-budget.ts";
import type { Viewer } from "../store/model/viewer.ts";
import type { SharedMemory } from "../store/shared-memory.ts";
import type { Graphql } from "./graphql.ts";
import { InOrder } from "./in-order.ts";
import type { OpenOperation } from "./open-operation.ts";
import type { SocketMessage } from "./read-message.ts";
import { SocketIntake } from "./socket-intake.ts";
import { slowestPace } from "./slowest-pace.ts";
import { SocketReader } from "./socket-reader.ts";
import { maxUnreadBytes, SocketWriter } from "./socket-writer.ts";

/** A socket without a valid token is closed after this time. */
const unauthenticatedMs = 10_000;
/** A socket is closed after this many pings in a row without a pong or a message. */
const maxSilentPings = 2;

/** The state of a socket, in addition to that of the protocol. */
export interface Extra {
  /** The ID of the request that opened the socket. The IDs of operations begin with it. */
  readonly requestId: string;
  /** The headers of the request that opened the socket. They can contain the token. */
  readonly headers: IncomingHttpHeaders;
  readonly writer: SocketWriter;
  /** The first caller with a valid token; null before. */
  viewer: Viewer | null;
  /** Called when the socket has closed, so that it no longer counts. A second call has no effect. */
  leave(): void;
  isClosed: boolean;
  /** The bytes that were received since the latest operation began. */
  receivedBytes: number;
  /** The user of its latest operation; `nobody` before the first. */
  userId: string;
  /** The size of the message that is being handled. */
  messageBytes: number;
  /** Releases the memory in which that message arrived; null after the operation has taken it over. */
  releaseMessage: (() => void) | null;
  readonly underWay: AnswersUnderWay;
  /** Prepares its operations in the order in which they arrived. */
  readonly inOrder: InOrder;
  /** The open operations, by ID. */
  readonly operations: Map<string, OpenOperation>;
  /** Ends the operations that the caller has cancelled. */
  endAbandoned(): void;
}

/** A socket as graphql-ws passes it. */
export type Connection = Context<Record<string, unknown>, Extra>;

export interface OpenSocketOptions {
  /** The ID of the request that opened the socket. */
  readonly requestId: string;
  readonly socket: WebSocket;
  /** The stream that the socket reads from and writes to. */
  readonly stream: Duplex;
  readonly protocol: ReturnType<typeof makeServer<Record<string, unknown>, Extra>>;
  readonly headers: IncomingHttpHeaders;
  readonly graphql: Graphql;
  readonly memory: SharedMemory;
  /** Maximum bytes of entries in responses that were requested and are not read yet. */
  readonly maxUnreadEntryBytes: number;
  /** Bytes that can wait in memory for the socket. If there are more, its subscriptions read from the log. */
  readonly maxWaitingBytes: number;
  readonly logger: Logger;
}

/** Runs the protocol on one socket: messages, heartbeats, and limits for a client that does not read. */
export function openSocket(options: OpenSocketOptions): void {
  const { socket, stream, protocol, logger } = options;
  let silentPings = 0;
  const alive = () => {
    silentPings = 0;
  };
  // The first: it replaces the listeners of `ws`.
  const intake = new SocketIntake({
    socket,
    stream,
    memory: options.memory,
    userId: () => (extra.viewer ? extra.userId : null),
  });
  const writer = new SocketWriter(socket, stream, options.maxWaitingBytes, alive);
  const extra: Extra = {
    requestId: options.requestId,
    headers: options.headers,
    writer,
    viewer: null,
    leave: () => {},
    isClosed: false,
    receivedBytes: 0,
    userId: nobody,
    messageBytes: 0,
    releaseMessage: null,
    underWay: { bytes: 0, maxBytes: options.maxUnreadEntryBytes },
    inOrder: new InOrder(),
    operations: new Map(),
    endAbandoned: () => {},
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Resolves when there is room for more, so that a client that does not read receives nothing more.
      send: (data) => {
        writer.writeText(data);
        return writer.drained();
      },
      close: (code, reason) => socket.close(code, reason),
      // Without the payload of the ping: the server does not send data back to a client without a token.
      onPing: () => {
        writer.writeText(pong);
        if (writer.waitingBytes > maxUnreadBytes) socket.terminate();
      },
      onMessage: (listener) => {
        const hear = (message: SocketMessage | string, bytes: number, release: () => void) => {
          // Nothing would end an operation that starts after the socket has closed.
          if (extra.isClosed) return release();
          extra.messageBytes = bytes;
          extra.releaseMessage = release;
          if (isOfServer(message)) {
            release();
            socket.close(CloseCode.BadRequest, "Only a server sends messages of this type");
            return;
          }
          // graphql-ws also accepts a parsed message.
          listener(message as string).catch((error: unknown) => {
            if (socket.readyState !== socket.OPEN) return;
            logger.error(
              { requestId: options.requestId, err: error },
              "internal error on a socket",
            );
            socket.close(CloseCode.InternalServerError, "Internal server error");
          });
          // An operation has taken it over here.
          extra.releaseMessage?.();
          extra.releaseMessage = null;
          extra.endAbandoned();
        };
        const mayResume = () => writer.waitingBytes <= maxUnreadBytes;
        const who = () => extra.userId;
        const reader = new SocketReader({
          socket,
          graphql: options.graphql,
          hear,
          mayResume,
          who,
        });
        socket.on("message", (data) => {
          const release = intake.messageEnded();
          alive();
          extra.receivedBytes += sizeOf(data);
          reader.take(data, release);
        });
      },
    },
    extra,
  );
  socket.on("pong", alive);
  const pings = setInterval(() => {
    intake.checkPace();
    if (silentPings >= maxSilentPings) return socket.terminate();
    silentPings++;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, slowestPace.periodMs);
  const unauthenticated = setTimeout(() => {
    if (!extra.viewer) socket.close(CloseCode.Unauthorized, "No valid token was sent");
  }, unauthenticatedMs);

  // `ws` learns of it when the socket has a turn. Until then, it does not prevent its client from opening another.
  stream.once("close", () => extra.leave());
  // The message is too large or not UTF-8: `ws` closes the socket with the matching code.
  socket.on("error", (error) => logger.debug({ err: error }, "socket"));
  socket.once("close", (code, reason) => {
    clearInterval(pings);
    clearTimeout(unauthenticated);
    extra.isClosed = true;
    extra.leave();
    closed(code, String(reason)).catch((error: unknown) =>
      logger.error({ err: error }, "closing a socket"),
    );
  });
}

/** By default, `ws` passes a message as one buffer. */
function sizeOf(data: RawData): number {
  return Array.isArray(data) ? 0 : data.byteLength;
}

/** The types of messages that only a server sends. graphql-ws throws if a client sends one. */
const serverTypes: readonly unknown[] = [
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
];

function isOfServer(message: SocketMessage | string | null): boolean {
  return typeof message === "object" && serverTypes.includes(message?.type);
}

const pong = JSON.stringify({ type: MessageType.Pong });
