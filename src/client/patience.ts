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
 * 1. A call is tried again for `retryForMs` while the server can't be reached, or a proxy answers for a server that was
 *    reached before. Any other error is its result.
 * 2. A watch or a wait is a call until the server has accepted it (`outlast`). From then on only an error that another
 *    attempt can't change ends it. A refused token ends it after `retryForMs` if another one may be had.
 */
export class Patience {
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

  /** Makes attempts until one succeeds, or fails for good. */
  async with<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.afterFailure(error);
      }
    }
  }

  /** The server has accepted it: it is from now on as patient as what it waits for. */
  outlast(): void {
    this.#outlasts = true;
    this.#refusedUntil = undefined;
  }

  /** It has gone on: the next failure is the first of another series. */
  reset(): void {
    this.#attempt = 0;
    this.#deadline = undefined;
    this.#refusedUntil = undefined;
    this.#backoff.reset();
  }

  /** Waits before the next attempt. @throws the error if there is none, or the reason of a signal that has aborted */
  async afterFailure(error: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    const now = performance.now();
    const attempt = ++this.#attempt;
    const delayMs = this.#backoff.nextMs();
    // From the first failure on: what the server does before that may take its time.
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
    // One more attempt is made in any case: the token that was refused was an accepted one.
    const isFirst = this.#refusedUntil === undefined;
    this.#refusedUntil ??= performance.now() + this.#connection.retryForMs;
    return isFirst || at <= this.#refusedUntil;
  }
}

/** What gives the token may give half of one, or none, while another one is put in its place. */
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
