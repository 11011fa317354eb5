import type { CallOptions, Connection } from "./connection.ts";
import { awaitEntryDocument } from "./documents.ts";
import type { AnsweredEntry, Revision } from "./entry.ts";
import { badResponse, LimitExceededError, TimeoutError } from "./errors.ts";
import { linkedFor, requireDuration } from "./abort.ts";

/** Options of `Namespace.waitFor`. */
export interface WaitOptions extends CallOptions {
  /**
   * Wait for a revision of the entry later than this. Pass the revision that you have read to wait for the next write.
   */
  readonly after?: Revision | undefined;
  /** The epoch of `after`. Default: the epoch that the server last reported, if any. */
  readonly epoch?: string | undefined;
  /** Maximum time to wait, in milliseconds. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** The server can have a lower limit, which it reports. */
const maxStepSeconds = 60;

/**
 * Waits for an entry with a series of long-poll requests. The first request returns immediately. After it has
 * succeeded, the client waits for the server as long as for the entry.
 */
export async function waitFor(
  connection: Connection,
  place: { readonly namespace: string; readonly key: string },
  { after, epoch = connection.epoch, timeoutMs = Infinity, signal }: WaitOptions,
): Promise<AnsweredEntry> {
  const deadline = performance.now() + requireDuration("timeoutMs", timeoutMs);
  const timeout = () => {
    const what = after === undefined ? "entry" : `revision after ${after}`;
    return new TimeoutError(
      `No ${what} of ${JSON.stringify(place.key)} arrived within ${timeoutMs} ms.`,
    );
  };
  // With a timeout of 0, the response counts regardless of how long it takes.
  const link = linkedFor(timeoutMs || Infinity, timeout, connection.closed, signal);
  const operation = (timeoutSeconds: number) => {
    return { document: awaitEntryDocument, variables: { ...place, after, epoch, timeoutSeconds } };
  };
  const retryPolicy = connection.retryPolicy(operation(0), link.signal);
  let stepSeconds = maxStepSeconds;
  let wasReached = false;
  try {
    for (;;) {
      const leftSeconds = Math.max(0, Math.ceil((deadline - performance.now()) / 1_000));
      const timeoutSeconds = wasReached ? Math.min(stepSeconds, leftSeconds) : 0;
      try {
        const { awaitEntry } = await connection.call<{ awaitEntry?: AnsweredEntry | null }>(
          operation(timeoutSeconds),
          { signal: link.signal, extraTimeMs: 1_000 * timeoutSeconds, isRepeatable: false },
        );
        if (awaitEntry) return awaitEntry;
        if (awaitEntry === undefined) throw badResponse(`${connection.name} returned no entry.`);
        wasReached = true;
        retryPolicy.reset();
        retryPolicy.outlast();
      } catch (error) {
        if (error instanceof LimitExceededError && error.limit === "maxAwaitSeconds") {
          stepSeconds = error.max;
        } else {
          await retryPolicy.afterFailure(error);
        }
        continue;
      }
      if (performance.now() >= deadline) throw timeout();
    }
  } finally {
    link.unlink();
  }
}
