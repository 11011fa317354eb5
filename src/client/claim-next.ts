import { linked, pause, requireDuration } from "./abort.ts";
import { Backoff } from "./backoff.ts";
import { Claim, type AnsweredClaim, type ClaimOptions } from "./claim.ts";
import type { Connection } from "./connection.ts";
import { claimEntryDocument } from "./documents.ts";
import { entryOf, type AnsweredEntry, type Revision } from "./entry.ts";
import { isTransient } from "./errors.ts";
import { watch, type StoreWatchOptions } from "./watch.ts";
import { mutate, newIdempotencyKey } from "./writes.ts";

/** How often, in a lease, to look for what another worker's has freed by its end, which is no change to wait for. */
const looksPerLease = 4;
const maxLookIntervalMs = 5_000;

interface Look {
  readonly entry: AnsweredEntry | null;
  readonly claim: AnsweredClaim | null;
  readonly revision: Revision;
}

/**
 * Looks for something free until there is, or the time is over: whenever something changes, and now and then. Once the
 * server was reached, it is waited for as patiently as the work.
 */
export async function claimNext<V, K extends string>(
  connection: Connection,
  namespace: string,
  { keyPrefix = "", leaseSeconds = 60, waitMs = 0, signal }: ClaimOptions,
): Promise<Claim<V, K> | undefined> {
  const deadline = performance.now() + requireDuration("waitMs", waitMs);
  const where = { namespace, keyPrefix, leaseSeconds };
  // Of one claim the server knows as long as it has an answer that we may lack.
  let idempotencyKey = newIdempotencyKey();
  let askedAt: number | null = null;
  const link = linked(connection.closed, signal);
  const backoff = new Backoff();
  let wasReached = false;
  try {
    for (;;) {
      askedAt ??= performance.now();
      try {
        const { entry, claim, revision } = await mutate<Look>(
          connection,
          claimEntryDocument,
          connection.retryWrites ? { ...where, idempotencyKey } : where,
          link,
        );
        const isOver = performance.now() >= askedAt + 1_000 * leaseSeconds;
        if (entry && claim && !isOver) {
          return new Claim<V, K>(connection, entryOf(entry), claim, leaseSeconds, askedAt);
        }
        if (isOver) idempotencyKey = newIdempotencyKey();
        askedAt = null;
        wasReached = true;
        backoff.reset();
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) return undefined;
        const lookMs = Math.min((1_000 * leaseSeconds) / looksPerLease, maxLookIntervalMs, leftMs);
        await change(connection, { namespace, keyPrefix, after: revision }, lookMs, link.signal);
      } catch (error) {
        const mayRepeat = wasReached && connection.retryWrites && isTransient(error);
        if (!mayRepeat || performance.now() >= deadline) throw error;
        await connection.pauseAfter(error, backoff, link.signal);
      }
    }
  } finally {
    link.unlink();
  }
}

/** Waits until something matching has changed, or the time is over. */
async function change(
  connection: Connection,
  options: StoreWatchOptions,
  timeoutMs: number,
  parent: AbortSignal,
): Promise<void> {
  const { controller, signal, unlink } = linked(parent);
  const changes = watch(connection, { ...options, signal });
  // Of a server that is away the next look tells.
  const changed = changes.next().catch(() => pause(timeoutMs, signal));
  try {
    await Promise.race([changed, pause(timeoutMs, signal)]);
  } finally {
    unlink();
    controller.abort();
    await changed.catch(() => {});
    await changes.return();
  }
}
