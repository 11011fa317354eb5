import { pause } from "./abort.ts";
import { Backoff } from "./backoff.ts";
import type { Connection, Operation } from "./connection.ts";
import type { Retry } from "./connection-options.ts";
import {
  BadUserInputError,
  BatonError,
  isForeign,
  isTransient,
  mayPass,
  UnauthenticatedError,
} from "./errors.ts";

type Call = Pick<Retry, "call" | "namespace" | "key">;

/**
 * Decides whether an operation that failed is tried again, and when.
 *
 * 1. A call is retried for `retryForMs` while the server is unreachable, or while a proxy responds for a server that
 *    was reached before. Any other error is its result.
 * 2. A watch or a wait is treated like a call until the server has accepted it (`outlast`). After that, only an error
 *    that a retry cannot change ends it. A refused token ends it after `retryForMs` if a new token can be obtained;
 *    otherwise immediately.
 */
export class RetryPolicy {
  readonly #connection: Connection;
  readonly #call: Call;
  readonly #signal: AbortSignal;
  readonly #backoff = new Backoff();
  #attempt = 0;
  #deadline: number | undefined;
  #refusedUntil: number | undefined;
  #outlasts = false;

  constructor(connection: Connection, operation: Operation, signal: AbortSignal) {
    this.#connection = connection;
    this.#call = callOf(operation);
    this.#signal = signal;
  }

  /** Makes attempts until one succeeds or fails permanently. */
  async with<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.afterFailure(error);
      }
    }
  }

  /** Marks the operation as accepted by the server. From now on, it is retried without a limit. */
  outlast(): void {
    this.#outlasts = true;
    this.#refusedUntil = undefined;
  }

  /** Marks progress: the next failure counts as the first of a new series. */
  reset(): void {
    this.#attempt = 0;
    this.#deadline = undefined;
    this.#refusedUntil = undefined;
    this.#backoff.reset();
  }

  /**
   * Waits before the next attempt. @throws the error if there is no next attempt, or the reason of a signal that has
   * aborted
   */
  async afterFailure(error: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    const now = performance.now();
    const attempt = ++this.#attempt;
    const delayMs = this.#backoff.nextMs();
    // The time counts from the first failure, because the server can take long before that.
    this.#deadline ??= now + this.#connection.retryForMs;
    if (!(error instanceof BatonError) || !this.#mayRepeat(error, now + delayMs)) throw error;
    if (!this.#outlasts || isPowerOfTwo(attempt)) {
      this.#connection.onRetry({ ...this.#call, attempt, error, delayMs });
    }
    await pause(delayMs, this.#signal);
  }

  #mayRepeat(error: BatonError, at: number): boolean {
    if (!this.#outlasts) {
      const isPassing = isTransient(error) || (this.#connection.wasReached && isForeign(error));
      return isPassing && at <= (this.#deadline as number);
    }
    if (!this.#connection.isTokenRenewable || !isRefusedToken(error)) return mayPass(error);
    // One more attempt is always made, because the refused token was valid before.
    const isFirst = this.#refusedUntil === undefined;
    this.#refusedUntil ??= performance.now() + this.#connection.retryForMs;
    return isFirst || at <= this.#refusedUntil;
  }
}

/** While a token is being replaced, its source can return a partial token or none. */
function isRefusedToken(error: BatonError): boolean {
  return (
    error instanceof UnauthenticatedError ||
    (error instanceof BadUserInputError && error.argument === "token")
  );
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

function callOf({ document, variables = {}, call }: Operation): Call {
  const { namespace, key } = (variables.input ?? variables) as Record<string, unknown>;
  return {
    call: call ?? /^\w+ (\w+)/.exec(document)?.[1] ?? "graphql",
    namespace: typeof namespace === "string" ? namespace : null,
    key: typeof key === "string" ? key : null,
  };
}
