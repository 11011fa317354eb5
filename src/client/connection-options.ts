import type { BatonError } from "./errors.ts";
import type { JsonCodec, Numbers } from "./json-codec.ts";

/** An attempt that failed, and will be made again. */
export interface Retry {
  /** The method that was called, such as `set`, `waitFor` or `watch`; `graphql` for a document of the caller's own. */
  readonly call: string;
  /** The namespace that the call names; null where it names none, or several. */
  readonly namespace: string | null;
  /** The key that the call names; null where it names none, or several. */
  readonly key: string | null;
  /** Which attempt in a row has failed: 1 for the first one. */
  readonly attempt: number;
  /** Why it failed. */
  readonly error: BatonError;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** How to reach the server, and how patiently. */
export interface ConnectionOptions {
  /**
   * The server's address. Default: the environment's `BATON_URL`, where there is an environment, else
   * `http://127.0.0.1:4000`.
   */
  readonly url?: string | undefined;
  /**
   * The bearer token, or a function that gives it. The function is called for each attempt, and once more after a token
   * was refused, so that one token may follow another. If it throws, the attempt fails as if the server could not be
   * reached. A watch, a wait or a claim that waits calls it again for `retryForMs` while what it gives is refused.
   * Default: the environment's `BATON_TOKEN`.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The name that changes are recorded under, unless the token has one. */
  readonly agent?: string | undefined;
  /**
   * Milliseconds for which a call is tried again while the server can't be reached. Default: 30,000. 0: never;
   * `Infinity`: for as long as it takes.
   */
  readonly retryForMs?: number | undefined;
  /** Milliseconds to wait for the answer to one attempt; `Infinity`: for ever. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds without a sign of life after which the connection of a watch counts as dead, and another is opened.
   * The server gives one every 5 seconds. Default: 40,000.
   */
  readonly maxSilenceMs?: number | undefined;
  /**
   * Whether writes are tried again, too. Default: true. Each write then carries an idempotency key, so that it happens
   * once; the server keeps its answer for a day, which costs the size of what was written once more. A claim is renewed
   * again in any case: twice is as once.
   */
  readonly retryWrites?: boolean | undefined;
  /**
   * Called before an attempt is made again, for a log. A call reports each of its attempts. A watch, a wait or a claim
   * that waits may be without the server for hours: it reports attempts 1, 2, 4, 8 and so on.
   */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * How numbers in values and metadata are read and written. `"float"`: as JavaScript's 64-bit floats, which change whole
   * numbers beyond 2^53. `"exact"`: a whole number beyond 2^53 is read as a bigint, and a bigint may be written; other
   * numbers are floats. -0 stays -0 in both. Default: `"float"`.
   */
  readonly numbers?: Numbers | undefined;
  /** Reads answers and writes requests in place of `numbers`. @internal */
  readonly json?: JsonCodec | undefined;
}
