import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Logger } from "pino";
import { slowestMs } from "./slowest-pace.ts";
import { refuseUnreadable } from "./unreadable-request.ts";

export interface ConnectionBounds {
  /** How long an idle connection stays open after a response. */
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  /** Default: `mostConnections()`. */
  readonly maxConnections?: number | null;
  readonly logger: Logger;
}

/** A connection with a request in progress is destroyed if no byte is sent or received for this long. */
const quietMs = 180_000;
/** Connections that are refused are logged at most this often. */
const logIntervalMs = 60_000;
/** Files that the process opens in addition to its connections: the database, its own code, connections to others. */
const otherFiles = 100;

/**
 * Sets how long connections stay open, and how many there can be. `createListeningServer` sets the time for headers.
 *
 * The client should close an idle connection first: a request that arrives while the server closes the connection fails,
 * and its client cannot know whether it was executed.
 */
export function boundConnections(
  http: Server,
  { keepAliveMs, maxBodyBytes, maxConnections = mostConnections(), logger }: ConnectionBounds,
): void {
  http.keepAliveTimeout = keepAliveMs;
  // The body of an accepted request has its own bound, which the largest body can use fully.
  http.requestTimeout = http.headersTimeout + slowestMs(maxBodyBytes);
  // Waits and streams of events send something more often than this.
  http.timeout = quietMs;
  http.on("clientError", refuseUnreadable);
  if (maxConnections === null) return;
  // Without it, the system would close new connections, and Node would not report that.
  http.maxConnections = maxConnections;
  let refused = 0;
  let loggedAt = -Infinity;
  http.on("drop", () => {
    refused++;
    const now = performance.now();
    if (now - loggedAt < logIntervalMs) return;
    logger.warn(
      { maxConnections, refused },
      "new connections are refused: the process can open no more files; raise its limit (ulimit -n)",
    );
    loggedAt = now;
    refused = 0;
  });
}

/** The connections that the process's limit of open files allows; null if it is unlimited or cannot be read. */
export function mostConnections(limits = readLimits()): number | null {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  if (soft === undefined) return null;
  return Number(soft) - Math.min(otherFiles, Math.floor(Number(soft) / 2));
}

/** Only Linux has this file. */
function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
