import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../errors.ts";
import { isEncrypted, transportSecurity } from "./transport-security.ts";

/** The status and the message of each refusal, by the code of Node's error. */
const refusals: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's headers are too large. Send values in the body."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The request's chunks have too many extensions."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time. Send it again."],
};

/** Responds to data that Node cannot read as an HTTP request, in the form of every other refusal. */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Duplex): void {
  // Node keeps the current response here. If its head is sent, nothing else must be written.
  const { _httpMessage: answer } = socket as { _httpMessage?: { headersSent?: boolean } | null };
  // A connection that was never used is closed without a response, because its client does not wait for one.
  const isUnused = (socket as Socket).bytesRead === 0;
  if (isUnused || !socket.writable || error.code === "ECONNRESET" || answer?.headersSent) {
    socket.destroy();
    return;
  }
  const [status, message] = refusals[error.code ?? ""] ?? [
    400,
    "The server cannot read this as an HTTP/1.1 request.",
  ];
  refuseOn(socket, status, message);
}

/** What a refusal has in addition to its status and message. */
interface RefusalOptions {
  /** Default: `BAD_USER_INPUT` */
  readonly code?: ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Refuses the request of a connection that has no response object, and ends the connection. */
export function refuseOn(
  socket: Duplex,
  status: number,
  message: string,
  { code = "BAD_USER_INPUT", headers = {} }: RefusalOptions = {},
): void {
  const body = `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
  const fields = {
    Connection: "close",
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(isEncrypted(socket) ? { "Strict-Transport-Security": transportSecurity } : {}),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  // The client can keep its half of the connection open, and nothing else would close it.
  socket.once("finish", () => socket.destroy());
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"));
}
