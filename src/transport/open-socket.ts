import type { IncomingMessage } from "node:http";
import { CloseCode, MessageType, type makeServer } from "graphql-ws";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import type { AnswersUnderWay, ResponseBudget } from "../store/response-budget.ts";

/** A socket that nobody has shown a good token on is closed after this. */
const unauthenticatedMs = 10_000;
const pingIntervalMs = 15_000;
/** A socket is given up when so many pings in a row saw no sign of life. */
const maxSilentPings = 2;
/** A socket that leaves more than this unread is not read from. */
const maxBufferedBytes = 1024 * 1024;

/** What is known of a socket beside the protocol. */
export interface Extra {
  readonly request: IncomingMessage;
  authenticated: boolean;
  readonly underWay: AnswersUnderWay;
  /** By their id. */
  readonly operations: Map<string, OpenOperation>;
  /** Ends the operations that their caller has given up. */
  endAbandoned(): void;
}

/** An operation that has not been answered to its end. */
interface OpenOperation {
  readonly budget: ResponseBudget;
  /** Ends it when its caller has given it up, or the socket is gone. */
  readonly closed: AbortController;
}

/** Carries the protocol over one socket: its messages, its pulse, and what it costs when its other side does not read. */
export function openSocket(
  socket: WebSocket,
  extra: Extra,
  protocol: ReturnType<typeof makeServer<Record<string, unknown>, Extra>>,
  logger: Logger,
): void {
  let silentPings = 0;
  const alive = () => {
    silentPings = 0;
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Resolves once the message has left for the network: a client that does not read is not sent more.
      send: (data) =>
        new Promise((resolve, reject) => {
          if (socket.readyState !== socket.OPEN) return resolve();
          socket.send(data, (error) => {
            if (socket.isPaused && socket.bufferedAmount <= maxBufferedBytes) socket.resume();
            if (error) return reject(error);
            alive();
            resolve();
          });
          // Whoever does not read is not heard either, so that answers can't pile up.
          if (socket.bufferedAmount > maxBufferedBytes) socket.pause();
        }),
      close: (code, reason) => socket.close(code, reason),
      // Without the payload that it may carry: that would be sent back to whoever asks, token or not.
      onPing: () => {
        if (socket.readyState === socket.OPEN)
          socket.send(JSON.stringify({ type: MessageType.Pong }));
        if (socket.bufferedAmount > maxBufferedBytes) socket.terminate();
      },
      onMessage: (listener) =>
        socket.on("message", (message) => {
          alive();
          listener(String(message)).catch((error: unknown) => {
            if (socket.readyState !== socket.OPEN) return;
            logger.error({ err: error }, "internal error on a socket");
            socket.close(CloseCode.InternalServerError, "Internal server error");
          });
          extra.endAbandoned();
        }),
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
    closed(code, String(reason)).catch((error: unknown) =>
      logger.error({ err: error }, "closing a socket"),
    );
  });
}
