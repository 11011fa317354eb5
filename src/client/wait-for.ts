import type { CallOptions, Connection } from "./connection.ts";
import { awaitEntryDocument } from "./documents.ts";
import type { AnsweredEntry, Revision } from "./entry.ts";
import { badResponse, LimitExceededError, TimeoutError } from "./errors.ts";
import { linkedFor, requireDuration } from "./abort.ts";

/** What to wait for, and how long. */
export interface WaitOptions extends CallOptions {
  /** Only a later revision of the entry counts: the next write, for one who has seen this one. */
  readonly after?: Revision | undefined;
  /** The history in which `after` was seen. Default: the one that this store knows, if any. */
  readonly epoch?: string | undefined;
  /** Milliseconds to wait at most. Default: for ever. */
  readonly timeoutMs?: number | undefined;
}

/** A server may allow less, and then says so. */
const maxStepSeconds = 60;

/**
 * One request after the other, each of which the server answers when the entry is there. The first one only looks: once
 * the server was reached, it is waited for as patiently as the entry.
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
      `No ${what} of ${JSON.stringify(place.key)} came within ${timeoutMs} ms.`,
    );
  };
  // At 0 the answer counts, however long its way was.
  const link = linkedFor(timeoutMs || Infinity, timeout, connection.closed, signal);
  const operation = (timeoutSeconds: number) => {
    return { document: awaitEntryDocument, variables: { ...place, after, epoch, timeoutSeconds } };
  };
  const patience = connection.patience(operation(0), link.signal);
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
        if (awaitEntry === undefined) throw badResponse(`${connection.name} answered no entry.`);
        wasReached = true;
        patience.reset();
        patience.outlast();
      } catch (error) {
        if (error instanceof LimitExceededError && error.limit === "maxAwaitSeconds") {
          stepSeconds = error.max;
        } else {
          await patience.afterFailure(error);
        }
        continue;
      }
      if (performance.now() >= deadline) throw timeout();
    }
  } finally {
    link.unlink();
  }
}
