import { linked, linkedFor, pause, requireDuration } from "./abort.ts";
import { Claim, type AnsweredClaim, type ClaimOptions } from "./claim.ts";
import type { Connection } from "./connection.ts";
import { claimEntryDocument } from "./documents.ts";
import { entryOf, type AnsweredEntry, type Revision } from "./entry.ts";
import { follow, type Following } from "./follow.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { whereInput } from "./where.ts";
import { mutate } from "./writes.ts";

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
  { keyPrefix = "", leaseSeconds = 60, maxAttempts, waitMs = 0, where, signal }: ClaimOptions,
): Promise<Claim<V, K> | undefined> {
  const deadline = performance.now() + requireDuration("waitMs", waitMs);
  const selection = { namespace, keyPrefix, where: whereInput(where) };
  const asked = { ...selection, leaseSeconds, maxAttempts };
  // Of one claim the server knows as long as it has an answer that we may lack.
  let idempotencyKey = newIdempotencyKey();
  let askedAt: number | null = null;
  const link = linked(connection.closed, signal);
  const operation = { document: claimEntryDocument, variables: { namespace } };
  const patience = connection.patience(operation, link.signal);
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
        patience.reset();
        patience.outlast();
        after = revision;
      } catch (error) {
        if (!connection.retryWrites || (wasReached && performance.now() >= deadline)) throw error;
        await patience.afterFailure(error);
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

/** Waits until something matching has changed, or the time is over. Whether the server is there, the next look tells. */
async function change(
  connection: Connection,
  following: Following,
  timeoutMs: number,
  parent: AbortSignal,
): Promise<void> {
  const { signal, unlink } = linkedFor(timeoutMs, () => new Error("It is time to look."), parent);
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
