import type { IncomingHttpHeaders } from "node:http";
import type { TraceCarrier } from "../operation-trace.ts";

/**
 * Where an operation of a socket may name its trace: in its own `extensions`, else in what the client said as it connected,
 * else in the headers of the socket's request.
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
