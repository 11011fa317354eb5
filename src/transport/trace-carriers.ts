import type { IncomingHttpHeaders } from "node:http";
import type { TraceCarrier } from "../operation-trace.ts";

/**
 * The places where an operation of a socket can name its trace, in order: its own `extensions`, the parameters of
 * `connection_init`, and the headers of the socket's request.
 */
export function socketCarriers(
  connectionParams: unknown,
  extensions: unknown,
  headers: IncomingHttpHeaders,
): readonly TraceCarrier[] {
  const own = carrierOf(extensions);
  return [own, carrierOf(own.headers), carrierOf(connectionParams), headers];
}

function carrierOf(value: unknown): TraceCarrier {
  return typeof value === "object" && value !== null ? (value as TraceCarrier) : {};
}
