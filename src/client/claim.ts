import type { CallOptions, Connection } from "./connection.ts";
import { dateOrNull } from "./dead-letter.ts";
import {
  completeClaimDocument,
  failClaimDocument,
  releaseClaimDocument,
  renewClaimDocument,
} from "./documents.ts";
import { entryOf, type AnsweredEntry, type Entry } from "./entry.ts";
import { ClaimLostError, unavailable } from "./errors.ts";
import { requireJson } from "./json.ts";
import { linked, linkedFor, pause } from "./abort.ts";
import { transactionInput, type Transaction } from "./transaction.ts";
import type { IsWide, Metadata, StoredAny, StoredFailure } from "./value-types.ts";
import type { WhereOptions } from "./where.ts";
import { mutate, writeInput, type Input, type WriteOptions } from "./writes.ts";

/** Selects the entry to claim and sets the lease. */
export interface ClaimOptions<P extends string = string> extends CallOptions, WhereOptions {
  /** Only keys that begin with this prefix, such as `task:`. Default: every entry of the namespace. */
  readonly keyPrefix?: P | undefined;
  /**
   * Length of the lease in seconds. The client renews the lease until the work ends. If the worker dies, the entry is
   * free again when the lease ends. Default: 60.
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * How often an entry can be claimed. An entry that has been claimed that often is dead-lettered, and the claim
   * continues with the next one. Default: the value of the entry's previous claim; otherwise no limit.
   */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds to wait for a free entry. `Infinity` waits without a limit. Default: 0. */
  readonly waitMs?: number | undefined;
}

/** Options of `Claim.complete`. */
export interface CompleteOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /** Other writes, such as a counter, that are committed together with the result. */
  readonly transact?: ((transaction: Transaction) => void | Promise<void>) | undefined;
}

/** Options of `Claim.release`. */
export interface ReleaseOptions extends CallOptions {
  /**
   * Seconds until the entry can be claimed again. Default: 0 after each of the first three attempts, then 1, 2, 4 …
   * 300.
   */
  readonly delaySeconds?: number | undefined;
}

/** Options of `Claim.fail`. */
export interface FailOptions extends CallOptions {
  /** Seconds until the entry can be claimed again. Default: 1, 2, 4 … 300, by the number of attempts. */
  readonly delaySeconds?: number | undefined;
  /** `false` dead-letters the entry immediately. Use it if another attempt would fail as well. Default: true. */
  readonly retry?: boolean | undefined;
}

/** A claim as GraphQL returns it. */
export interface AnsweredClaim {
  readonly token: string;
  readonly attempt: number;
  readonly maxAttempts: number | null;
  readonly failedAt: string | null;
  readonly error: unknown;
}

/** Maximum number of characters that are kept of an `Error`'s text. */
const maxErrorLength = 1_000;
/** The payload of a release or a failure. */
interface Released {
  readonly claimableAt: string | null;
}

/** The share of a lease after which it is renewed. */
const renewAfterShare = 1 / 3;
/** The longest pause between attempts to renew while the server is unreachable. */
const maxRenewalPauseMs = 1_000;

/**
 * An entry that only this worker holds until it completes, fails or releases it. The client renews the lease until
 * then. With `await using`, the claim is released at the end of the block, unless it has ended before.
 */
export class Claim<V = unknown, K extends string = string> {
  /** The entry as it was when it was claimed. */
  readonly entry: Entry<V, K>;
  /**
   * How often the entry has been claimed, including this time. More than 1 if an earlier worker died, failed or
   * released it.
   */
  readonly attempt: number;
  /** How often the entry can be claimed before it is dead-lettered. Null means no limit. */
  readonly maxAttempts: number | null;
  /** When `fail` was last called on the entry. Null if it never was. */
  readonly failedAt: Date | null;
  /** The error that the last `fail` recorded. Null if it recorded none. */
  readonly error: unknown;
  readonly #connection: Connection;
  readonly #place: { readonly namespace: string; readonly key: string; readonly token: string };
  readonly #leaseSeconds: number;
  readonly #ended = new AbortController();
  readonly #lost = new AbortController();
  #ending: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(
    connection: Connection,
    entry: Entry<V, K>,
    { token, attempt, maxAttempts, failedAt, error }: AnsweredClaim,
    leaseSeconds: number,
    claimedAt: number,
  ) {
    this.entry = entry;
    this.attempt = attempt;
    this.maxAttempts = maxAttempts;
    this.failedAt = dateOrNull(failedAt);
    this.error = error;
    this.#connection = connection;
    this.#place = { namespace: entry.namespace, key: entry.key, token };
    this.#leaseSeconds = leaseSeconds;
    void this.#keep(claimedAt);
  }

  /** The key of the entry. */
  get key(): K {
    return this.entry.key;
  }

  /** Identifies the claim in the API, so that another process can complete it. Keep it secret while the lease lasts. */
  get token(): string {
    return this.#place.token;
  }

  /** The value of the entry when it was claimed. */
  get value(): V {
    return this.entry.value;
  }

  /**
   * Aborts when the client learns that the claim is lost, or when the store is closed. The reason is a `ClaimLostError`
   * if the lease could not be renewed in time, or if the entry was deleted. Pass the signal to the calls that the work
   * waits for. Such a call can reject with its own error, so call `signal.throwIfAborted()` in a `catch` to tell a lost
   * claim from failed work.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Completes the claim. The result replaces the entry's value, and the entry is not handed out again. Without a
   * result, the value is unchanged. Writes of `transact` are committed with the result, or not at all.
   *
   * @throws ClaimLostError if the claim has ended; then nothing is written
   * @example
   * ```ts
   * await task.complete({ words: 1_200 }, {
   *   transact: (t) => t.in(work).increment("meta", { path: "/completed" }),
   * });
   * ```
   */
  async complete<Given = unknown, M extends Metadata = Metadata>(
    result?: IsWide<V> extends true ? StoredAny<Given> : V,
    options: CompleteOptions<M> = {},
  ): Promise<Entry<V, K>> {
    const also = options.transact && (await transactionInput(options.transact));
    const input = {
      ...this.#place,
      ...(result === undefined ? {} : { value: requireJson("result", result) }),
      ...writeInput(options as CompleteOptions),
      ...also,
    };
    const { entry } = await this.#end<{ entry: AnsweredEntry }>(
      completeClaimDocument,
      input,
      options,
    );
    return entryOf(entry);
  }

  /**
   * Reports that the work failed. The entry can be claimed again after a delay. After its last attempt, it is
   * dead-lettered: it is kept and listed by `Namespace.deadLetters`, and is not handed out until `Namespace.requeue`.
   * If the error is an `Error`, its text is recorded.
   *
   * @returns when the entry can be claimed again; null if it is dead-lettered
   * @throws ClaimLostError if the claim has ended
   * @example
   * ```ts
   * try {
   *   await task.complete(await parse(task.value, task.signal));
   * } catch (error) {
   *   await task.fail(error);
   * }
   * ```
   */
  async fail<Given = null>(
    error?: StoredFailure<Given>,
    { delaySeconds, retry, signal }: FailOptions = {},
  ): Promise<Date | null> {
    const given = error instanceof Error ? String(error).slice(0, maxErrorLength) : (error ?? null);
    const reason = requireJson("error", given);
    const input = { ...this.#place, error: reason, delaySeconds, retry };
    const { claimableAt } = await this.#end<Released>(failClaimDocument, input, { signal });
    return dateOrNull(claimableAt);
  }

  /**
   * Releases the entry, so that another worker can claim it after the delay, if any. After its last attempt, the entry
   * is dead-lettered instead. If the work failed, use `fail`.
   *
   * @returns when the entry can be claimed again; null if it is dead-lettered
   * @throws ClaimLostError if the claim has ended
   * @example
   * ```ts
   * if (isBusy()) await task.release({ delaySeconds: 30 });
   * ```
   */
  async release({ delaySeconds, signal }: ReleaseOptions = {}): Promise<Date | null> {
    this.#ended.abort();
    const input = { ...this.#place, delaySeconds };
    const { claimableAt } = await mutate<Released>(this.#connection, releaseClaimDocument, input, {
      signal,
    });
    return dateOrNull(claimableAt);
  }

  /**
   * Releases the claim at the end of the block, unless it was completed, failed, released or lost before.
   *
   * @example
   * ```ts
   * await using task = await work.claim({ keyPrefix: "task:" });
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended.signal.aborted || this.#lost.signal.aborted) return;
    await this.release().catch((error: unknown) => {
      if (!(error instanceof ClaimLostError)) throw error;
    });
  }

  /** Sends the mutation that ends the claim. If the server rejects it, the claim stays active. */
  #end<P>(document: string, input: Input, options: CallOptions): Promise<P> {
    const ending = mutate<P>(this.#connection, document, input, options).then((payload) => {
      this.#ended.abort();
      return payload;
    });
    // A renewal at the same time can fail with CLAIM_LOST, because this call ended the claim.
    this.#ending = ending.catch(() => {});
    return ending;
  }

  /** Renews the lease until the work or the lease ends. */
  async #keep(claimedAt: number): Promise<void> {
    const link = linked(this.#ended.signal, this.#connection.closed);
    const leaseMs = 1_000 * this.#leaseSeconds;
    const restMs = leaseMs * renewAfterShare;
    let endsAt = claimedAt + leaseMs;
    let delayMs = restMs;
    let problem: unknown;
    try {
      for (;;) {
        await pause(Math.min(delayMs, endsAt - performance.now()), link.signal, false);
        const renewedAt = performance.now();
        if (renewedAt >= endsAt) throw this.#lapsed(problem);
        // A renewal without a response must leave time for another.
        const attempt = linkedFor(
          Math.min(restMs, endsAt - renewedAt),
          () => unavailable("The renewal timed out."),
          link.signal,
        );
        try {
          await this.#renew(attempt.signal);
          problem = undefined;
          endsAt = renewedAt + leaseMs;
          delayMs = restMs;
        } catch (error) {
          if (link.signal.aborted || error instanceof ClaimLostError) throw error;
          // Only CLAIM_LOST or the end of the lease means that the claim is lost. After any other error, try again.
          problem = error;
          delayMs = Math.min(maxRenewalPauseMs, restMs / 4);
        } finally {
          attempt.unlink();
        }
      }
    } catch (error) {
      await this.#ending;
      if (!this.#ended.signal.aborted) this.#lost.abort(error);
    } finally {
      link.unlink();
    }
  }

  /** A repeated renewal never shortens the lease, so it needs no idempotency key. */
  #renew(signal: AbortSignal): Promise<unknown> {
    const input = { ...this.#place, leaseSeconds: this.#leaseSeconds };
    return this.#connection.call(
      { document: renewClaimDocument, variables: { input } },
      { signal },
    );
  }

  #lapsed(problem: unknown): ClaimLostError {
    const { namespace, key } = this.#place;
    const message = `The lease of ${JSON.stringify(key)} could not be renewed before its end.`;
    return new ClaimLostError("CLAIM_LOST", message, { namespace, key }, problem);
  }
}
