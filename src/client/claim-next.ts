import { linked, linkedFor, pause, requireDuration } from "./abort.ts";
import { Claim, type AnsweredClaim, type ClaimOptions } from "./claim.ts";
import type { Connection } from "./connection.ts";
import { claimEntryDocument } from "./documents.ts";
import { entryOf, type AnsweredEntry, type Revision } from "./entry.ts";
import { follow, type Following } from "./follow.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { whereInput } from "./where.ts";
import { mutate } from "./writes.ts";

/**
 * How often to try a claim during one lease. The end of another worker's lease frees an entry without a change to wait
 * for.
 */
const looksPerLease = 4;
const maxLookIntervalMs = 5_000;

interface Look {
  readonly entry: AnsweredEntry | null;
  readonly claim: AnsweredClaim | null;
  readonly revision: Revision;
}

/**
 * Claims the next free entry, or waits for one until `waitMs` is over. It tries again after each matching change, and
 * at regular intervals. After the first response, it waits for the server as long as for the work.
 */
export async function claimNext<V, K extends string>(
  connection: Connection,
  namespace: string,
  { keyPrefix = "", leaseSeconds = 60, maxAttempts, waitMs = 0, where, signal }: ClaimOptions,
): Promise<Claim<V, K> | undefined> {
  const deadline = performance.now() + requireDuration("waitMs", waitMs);
  const selection = { namespace, keyPrefix, where: whereInput(where) };
  const asked = { ...selection, leaseSeconds, maxAttempts };
  // One idempotency key per claim: if the response is lost, the retry returns the same claim.
  let idempotencyKey = newIdempotencyKey();
  let askedAt: number | null = null;
  const link = linked(connection.closed, signal);
  const operation = { document: claimEntryDocument, variables: { namespace } };
  const retryPolicy = connection.retryPolicy(operation, link.signal);
  let wasReached = false;
  try {
    for (;;) {
      askedAt ??= performance.now();
      let after: Revision;
      try {
        const { entry, claim, revision } = await mutate<Look>(
          connection,
          claimEntryDocument,
          connection.retryWrites ? { ...asked, idempotencyKey } : asked,
          { signal: link.signal, isRepeatable: false },
        );
        const isOver = performance.now() >= askedAt + 1_000 * leaseSeconds;
        if (entry && claim && !isOver) {
          return new Claim<V, K>(connection, entryOf(entry), claim, leaseSeconds, askedAt);
        }
        if (isOver) idempotencyKey = newIdempotencyKey();
        askedAt = null;
        wasReached = true;
        retryPolicy.reset();
        retryPolicy.outlast();
        after = revision;
      } catch (error) {
        if (!connection.retryWrites || (wasReached && performance.now() >= deadline)) throw error;
        await retryPolicy.afterFailure(error);
        continue;
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return undefined;
      const lookMs = Math.min((1_000 * leaseSeconds) / looksPerLease, maxLookIntervalMs, leftMs);
      await change(connection, { ...selection, after }, lookMs, link.signal);
    }
  } finally {
    link.unlink();
  }
}

/** Waits for a matching change, or until the timeout. A connection error is ignored here: the next claim reports it. */
async function change(
  connection: Connection,
  following: Following,
  timeoutMs: number,
  parent: AbortSignal,
): Promise<void> {
  const { signal, unlink } = linkedFor(
    timeoutMs,
    () => new Error("It is time to try a claim."),
    parent,
  );
  try {
    for await (const event of follow(connection, following, signal)) if (event !== null) return;
    await pause(timeoutMs, signal);
  } catch {
    await pause(timeoutMs, signal).catch(() => {});
  } finally {
    unlink();
  }
  parent.throwIfAborted();
}
