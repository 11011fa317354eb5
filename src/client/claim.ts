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

/** Which work to take, and for how long. */
export interface ClaimOptions<P extends string = string> extends CallOptions, WhereOptions {
  /** Only keys that begin with this, such as `task:`. Default: every entry of the namespace is work. */
  readonly keyPrefix?: P | undefined;
  /** Seconds until a worker that has died loses it. It is renewed for as long as this one lives. Default: 60. */
  readonly leaseSeconds?: number | undefined;
  /**
   * How often an entry may be claimed. One that was claimed as often already is dead-lettered, and the next one is looked
   * at. Default: as the claim before said, or without a limit.
   */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds to wait for something free; `Infinity` for ever. Default: 0. */
  readonly waitMs?: number | undefined;
}

/** What is to be written with a result. */
export interface CompleteOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /** Other writes that happen with it or not at all, such as a counter. */
  readonly transact?: ((transaction: Transaction) => void | Promise<void>) | undefined;
}

/** How an entry is given back. */
export interface ReleaseOptions extends CallOptions {
  /**
   * Seconds until the entry may be claimed again. Default: none after the first three attempts, then 1, 2, 4 … 300.
   */
  readonly delaySeconds?: number | undefined;
}

/** What follows from work that failed. */
export interface FailOptions extends CallOptions {
  /** Seconds until the entry may be claimed again. Default: 1, 2, 4 … 300, by the number of attempts. */
  readonly delaySeconds?: number | undefined;
  /** `false`: the entry is dead-lettered now, since another attempt would fail as well. Default: true. */
  readonly retry?: boolean | undefined;
}

/** A claim as GraphQL answers it. */
export interface AnsweredClaim {
  readonly token: string;
  readonly attempt: number;
  readonly maxAttempts: number | null;
  readonly failedAt: string | null;
  readonly error: unknown;
}

/** What the text of an `Error` keeps: a message may be long. */
const maxErrorLength = 1_000;
/** What ends without a result comes to. */
interface Released {
  readonly claimableAt: string | null;
}

/** A lease is renewed when this part of it is over. */
const renewAfterShare = 1 / 3;
/** How long to wait at most, where the server was away, before it is tried again. */
const maxRenewalPauseMs = 1_000;

/**
 * An entry that this worker alone has, until it completes or releases it. Its lease is renewed meanwhile. With
 * `await using` it is released at the end of the block, unless it was completed.
 */
export class Claim<V = unknown, K extends string = string> {
  /** The entry as it was when it was claimed. */
  readonly entry: Entry<V, K>;
  /** How often the entry has been claimed, this time included: more than 1 after a worker died of it, or gave it back. */
  readonly attempt: number;
  /** How often it may be claimed before it is dead-lettered; null without a limit. */
  readonly maxAttempts: number | null;
  /** When an earlier claim was failed last; null if none was. */
  readonly failedAt: Date | null;
  /** What the `fail` before gave as its error; null without one. */
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

  /** Names the claim in the API, for a process that completes it elsewhere. It is a secret while the lease lasts. */
  get token(): string {
    return this.#place.token;
  }

  /** The value it had when it was claimed. */
  get value(): V {
    return this.entry.value;
  }

  /**
   * Aborts when the claim is known to be lost, with why: a `ClaimLostError` when it could not be renewed for a whole
   * lease, or somebody deleted the entry; or when the store is closed. Give it to what the work waits for; as that may
   * reject with an error of its own, `signal.throwIfAborted()` in a `catch` tells a lost claim from work that failed.
   */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Ends the work: the result replaces the entry's value, and the entry is not handed out again. Without a result the
   * value stays. What is written with it happens with it, or not at all.
   *
   * @throws ClaimLostError when the claim is over; nothing is written then
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
   * Ends the work: it failed. The entry is tried again after a delay. After its last attempt it is dead-lettered: kept,
   * listed by `Namespace.deadLetters`, and not handed out until `Namespace.requeue`. Of an `Error` its text is kept.
   *
   * @returns when the entry may be claimed again; null if it is dead-lettered
   * @throws ClaimLostError when the claim is over already
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
   * Gives the entry back: another worker may claim it, after a delay if there is one. After the last attempt that it may
   * have, it is dead-lettered. Where the work failed, use `fail`.
   *
   * @returns when the entry may be claimed again; null if it is dead-lettered
   * @throws ClaimLostError when the claim is over already
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
   * Releases it at the end of the block that holds it, unless it is completed, released or lost already.
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

  /** Sends what ends the claim. If it is refused, the claim goes on. */
  #end<P>(document: string, input: Input, options: CallOptions): Promise<P> {
    const ending = mutate<P>(this.#connection, document, input, options).then((payload) => {
      this.#ended.abort();
      return payload;
    });
    // A renewal meanwhile may be told that the claim is over, because this ended it.
    this.#ending = ending.catch(() => {});
    return ending;
  }

  /** Renews the lease until the work has ended, or the lease has. */
  async #keep(claimedAt: number): Promise<void> {
    const link = linked(this.#ended.signal, this.#connection.closed);
    const leaseMs = 1_000 * this.#leaseSeconds;
    const restMs = leaseMs * renewAfterShare;
    let endsAt = claimedAt + leaseMs;
    let delayMs = restMs;
    let fault: unknown;
    try {
      for (;;) {
        await pause(Math.min(delayMs, endsAt - performance.now()), link.signal, false);
        const renewedAt = performance.now();
        if (renewedAt >= endsAt) throw this.#lapsed(fault);
        // One that gets no answer leaves time for another.
        const attempt = linkedFor(
          Math.min(restMs, endsAt - renewedAt),
          () => unavailable("The renewal had no answer in time."),
          link.signal,
        );
        try {
          await this.#renew(attempt.signal);
          fault = undefined;
          endsAt = renewedAt + leaseMs;
          delayMs = restMs;
        } catch (error) {
          if (link.signal.aborted || error instanceof ClaimLostError) throw error;
          // Until the lease has ended, nothing else says that the claim has.
          fault = error;
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

  /** Renewed twice it ends no earlier, so that no idempotency key is needed. */
  #renew(signal: AbortSignal): Promise<unknown> {
    const input = { ...this.#place, leaseSeconds: this.#leaseSeconds };
    return this.#connection.call(
      { document: renewClaimDocument, variables: { input } },
      { signal },
    );
  }

  #lapsed(fault: unknown): ClaimLostError {
    const { namespace, key } = this.#place;
    const message = `The lease of ${JSON.stringify(key)} could not be renewed before its end.`;
    return new ClaimLostError("CLAIM_LOST", message, { namespace, key }, fault);
  }
}
