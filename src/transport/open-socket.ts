import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, MessageType, type makeServer } from "graphql-ws";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import { nobody } from "../event-loop.ts";
import type { AnswersUnderWay } from "../store/response-budget.ts";
import type { SharedMemory } from "../store/shared-memory.ts";
import type { Graphql } from "./graphql.ts";
import type { OpenOperation } from "./open-operation.ts";
import type { SocketMessage } from "./read-message.ts";
import { SocketIntake } from "./socket-intake.ts";
import { SocketReader } from "./socket-reader.ts";
import { maxUnreadBytes, SocketWriter } from "./socket-writer.ts";

/** A socket that nobody has shown a good token on is closed after this. */
const unauthenticatedMs = 10_000;
const pingIntervalMs = 15_000;
/** A socket is given up when so many pings in a row saw no sign of life. */
const maxSilentPings = 2;

/** What is known of a socket beside the protocol. */
export interface Extra {
  /** Of the request that opened it: what a caller may be known by. */
  readonly headers: IncomingHttpHeaders;
  readonly writer: SocketWriter;
  authenticated: boolean;
  /** Called when the socket has closed: it counts no more. */
  leave(): void;
  isClosed: boolean;
  /** Since the latest operation began. */
  receivedBytes: number;
  /** Whose operations it carried last; `nobody` before the first. */
  userId: string;
  /** Of the message that is being heard. */
  messageBytes: number;
  readonly underWay: AnswersUnderWay;
  /** By their id. */
  readonly operations: Map<string, OpenOperation>;
  /** Ends the operations that their caller has given up. */
  endAbandoned(): void;
}

export interface OpenSocketOptions {
  readonly socket: WebSocket;
  /** What the socket reads from and writes to. */
  readonly stream: Duplex;
  readonly protocol: ReturnType<typeof makeServer<Record<string, unknown>, Extra>>;
  readonly headers: IncomingHttpHeaders;
  readonly graphql: Graphql;
  readonly memory: SharedMemory;
  /** Bytes of entries in the answers that it has asked for and not read yet. */
  readonly maxUnreadEntryBytes: number;
  /** Bytes that wait in memory for it, before its subscriptions are fed from the log. */
  readonly maxWaitingBytes: number;
  readonly logger: Logger;
}

/** Carries the protocol over one socket: its messages, its pulse, and what it costs when its other side does not read. */
export function openSocket(options: OpenSocketOptions): void {
  const { socket, stream, protocol, logger } = options;
  let silentPings = 0;
  const alive = () => {
    silentPings = 0;
  };
  const writer = new SocketWriter(socket, stream, options.maxWaitingBytes, alive);
  const intake = new SocketIntake({
    socket,
    stream,
    memory: options.memory,
    userId: () => (extra.authenticated ? extra.userId : null),
  });
  const extra: Extra = {
    headers: options.headers,
    writer,
    authenticated: false,
    leave: () => {},
    isClosed: false,
    receivedBytes: 0,
    userId: nobody,
    messageBytes: 0,
    underWay: { bytes: 0, maxBytes: options.maxUnreadEntryBytes },
    operations: new Map(),
    endAbandoned: () => {},
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Resolves when there is room for more: a client that does not read is not sent more.
      send: (data) => {
        writer.writeText(data);
        return writer.drained();
      },
      close: (code, reason) => socket.close(code, reason),
      // Without the payload that it may carry: that would be sent back to whoever asks, token or not.
      onPing: () => {
        writer.writeText(pong);
        if (writer.waitingBytes > maxUnreadBytes) socket.terminate();
      },
      onMessage: (listener) => {
        const hear = (message: SocketMessage | string, bytes: number) => {
          extra.messageBytes = bytes;
          if (isOfServer(message)) {
            socket.close(CloseCode.BadRequest, "Only a server sends such a message");
            return;
          }
          // graphql-ws takes a message that is parsed already, too.
          listener(message as string).catch((error: unknown) => {
            if (socket.readyState !== socket.OPEN) return;
            logger.error({ err: error }, "internal error on a socket");
            socket.close(CloseCode.InternalServerError, "Internal server error");
          });
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
          intake.messageEnded();
          alive();
          extra.receivedBytes += sizeOf(data);
          reader.take(data);
        });
      },
    },
    extra,
  );
  socket.on("pong", alive);
  const pings = setInterval(() => {
    if (silentPings >= maxSilentPings) return socket.terminate();
    silentPings++;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingIntervalMs);
  const unauthenticated = setTimeout(() => {
    if (!extra.authenticated) socket.close(CloseCode.Unauthorized, "No good token was shown");
  }, unauthenticatedMs);

  // A message that is too large, or no UTF-8: `ws` itself closes the socket with the code for it.
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

/** `ws` gives a message in one piece, unless it is told otherwise. */
function sizeOf(data: RawData): number {
  return Array.isArray(data) ? 0 : data.byteLength;
}

/** What the protocol has a server send. graphql-ws throws where a client sends it. */
const serverTypes: readonly unknown[] = [
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
];

function isOfServer(message: SocketMessage | string | null): boolean {
  return typeof message === "object" && serverTypes.includes(message?.type);
}

const pong = JSON.stringify({ type: MessageType.Pong });
