import type { BatonError } from "./errors.ts";
import type { JsonCodec, Numbers } from "./json-codec.ts";

/** A failed attempt that will be repeated. */
export interface Retry {
  /** The method that was called, such as `set`, `waitFor` or `watch`; `graphql` for the caller's own document. */
  readonly call: string;
  /** The namespace of the call. Null if the call names none, or several. */
  readonly namespace: string | null;
  /** The key of the call. Null if the call names none, or several. */
  readonly key: string | null;
  /** Number of attempts that have failed in a row, beginning at 1. */
  readonly attempt: number;
  /** Why it failed. */
  readonly error: BatonError;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** Options of `createDataStore`: the server, the credentials, timeouts and retries. */
export interface ConnectionOptions {
  /**
   * The server's address. Default: the environment variable `BATON_URL`, if the runtime has an environment; otherwise
   * `http://127.0.0.1:4000`.
   */
  readonly url?: string | undefined;
  /**
   * The bearer token, or a function that returns it. The function is called for each attempt, and once more after the
   * server refuses a token, so that tokens can be rotated. If the function throws, the attempt fails as if the server
   * were unreachable. While the server refuses the tokens, a watch, a wait or a waiting claim calls the function again
   * for `retryForMs`. Default: the environment variable `BATON_TOKEN`.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The agent name that changes are recorded under, unless the token names one. */
  readonly agent?: string | undefined;
  /**
   * Milliseconds for which a call is retried while the server is unreachable. 0 disables retries. `Infinity` retries
   * without a limit. Default: 30,000.
   */
  readonly retryForMs?: number | undefined;
  /** Milliseconds to wait for the response to one attempt. `Infinity` waits without a limit. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds without data after which a watch considers its connection dead and opens another. The server sends a
   * heartbeat every 5 seconds. Default: 40,000.
   */
  readonly maxSilenceMs?: number | undefined;
  /**
   * Whether writes are retried, too. Each write then carries an idempotency key, so that it happens once. The server
   * keeps a record of it for 24 hours, of a few kilobytes at most for one entry. The renewal of a
   * lease is always retried, because repeating it is harmless. Default: true.
   */
  readonly retryWrites?: boolean | undefined;
  /**
   * Called before an attempt is repeated; use it for a log. A call reports each failed attempt. A watch, a wait or a
   * waiting claim can be without the server for hours, so it reports only attempts 1, 2, 4, 8 and so on. Default: prints
   * one warning with `console.warn` if the server has not responded yet, because its address can be wrong.
   */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  /** The function that sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * How numbers in values and metadata are read and written. `"float"`: every number is a 64-bit float, which changes
   * integers beyond 2^53. `"exact"`: an integer beyond 2^53 is read as a bigint, and a bigint can be written; other
   * numbers are floats. Both preserve -0. Default: `"float"`.
   */
  readonly numbers?: Numbers | undefined;
  /** What messages call a token that the server refuses. Default: `This token`. @internal */
  readonly tokenName?: string | undefined;
  /** Reads responses and writes requests, in place of `numbers`. @internal */
  readonly json?: JsonCodec | undefined;
}
