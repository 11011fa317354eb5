import {
  badUserInput,
  BatonError,
  errorOf,
  isTransient,
  unavailable,
  UnauthenticatedError,
  type AnsweredError,
  type ErrorDetails,
} from "./errors.ts";
import { readEvents } from "./event-stream.ts";
import { after, linked, pause, requireDuration } from "./abort.ts";
import { Backoff } from "./backoff.ts";
import { Credentials } from "./credentials.ts";
import { jsonCodec, type JsonCodec, type Numbers } from "./json-codec.ts";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. A write may have happened all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** An attempt that failed, and will be made again. */
export interface Retry {
  /** Why. */
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
   * The bearer token, or what gives it: asked for each attempt, and once more after a token that was refused, so that
   * one may follow another. Where it fails, the call is as one that can't reach the server. Default: the environment's
   * `BATON_TOKEN`.
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
  /** Told before an attempt is made again: for a log. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * How numbers in values and metadata are read and written. `"float"`: as JavaScript's 64-bit floats, which change whole
   * numbers beyond 2^53. `"exact"`: a whole number beyond 2^53 is read as a bigint, and a bigint may be written; other
   * numbers are floats. Default: `"float"`.
   */
  readonly numbers?: Numbers | undefined;
  /** Reads answers and writes requests in place of `numbers`. @internal */
  readonly json?: JsonCodec | undefined;
}

/** A GraphQL operation. */
export interface Operation {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly AnsweredError[];
}

/** How a call is made, beside what its caller says. */
export interface CallPolicy extends CallOptions {
  /** Whether making it again does no harm. Default: true. */
  readonly isRepeatable?: boolean;
  /** Milliseconds that the server may take on purpose. */
  readonly extraTimeMs?: number;
}

/** Sends operations to one server, again where that does no harm. */
export class Connection {
  /** What messages call the server. */
  readonly name: string;
  readonly #url: string;
  readonly retryWrites: boolean;
  readonly #credentials: Credentials;
  readonly #retryForMs: number;
  readonly #timeoutMs: number;
  readonly #maxSilenceMs: number;
  readonly #onRetry: (retry: Retry) => void;
  readonly #fetch: typeof fetch;
  readonly #json: JsonCodec;
  readonly #closing = new AbortController();

  constructor(options: ConnectionOptions) {
    const env = environment();
    const url = (options.url ?? env.BATON_URL) || "http://127.0.0.1:4000";
    // A page may name its own server by a path alone.
    if (!url.startsWith("/") && !(/^https?:/i.test(url) && URL.canParse(url))) {
      throw badUserInput("url", "This is no address; say http://host:port.");
    }
    // Messages name the server.
    if (/^https?:[/][/][^/]*@/i.test(url)) {
      throw badUserInput("url", "An address may not carry a password. Say the token as `token`.");
    }
    const base = url.replace(/(\/graphql)?\/*$/, "");
    this.name = `Baton at ${base || "this page's server"}`;
    this.#url = `${base}/graphql`;
    this.#credentials = new Credentials(options.token ?? env.BATON_TOKEN, options.agent);
    this.#retryForMs = requireDuration("retryForMs", options.retryForMs ?? 30_000);
    this.#timeoutMs = requireDuration("timeoutMs", options.timeoutMs ?? 60_000);
    this.#maxSilenceMs = requireDuration("maxSilenceMs", options.maxSilenceMs ?? 40_000);
    this.retryWrites = options.retryWrites ?? true;
    this.#onRetry = options.onRetry ?? (() => {});
    // Called as a function of its own: browsers refuse it as a method of another object.
    this.#json = options.json ?? jsonCodec(options.numbers ?? "float");
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Aborts when it is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends every call under way. */
  close(): void {
    this.#closing.abort(unavailable("The data store was closed."));
  }

  /** The data of an operation; throws the first of its errors. */
  async call<D>(operation: Operation, policy: CallPolicy = {}): Promise<D> {
    const { isRepeatable = true, extraTimeMs = 0 } = policy;
    const body = this.#serialise(operation);
    const link = linked(this.closed, policy.signal);
    try {
      const attempt = () => this.#attempt(body, link.signal, this.#timeoutMs + extraTimeMs);
      return (await (isRepeatable ? this.patiently(attempt, link.signal) : attempt())) as D;
    } finally {
      link.unlink();
    }
  }

  /**
   * The events of a subscription, with null for each sign of life. It ends when the server completes it, which means
   * that it is stopping; throws `UNAVAILABLE` when the connection is lost.
   */
  async *stream<D>(operation: Operation, signal: AbortSignal): AsyncGenerator<D | null, void> {
    const link = linked(this.closed, signal);
    const { controller } = link;
    try {
      const body = this.#serialise(operation);
      const response = await this.#within(this.#timeoutMs, controller, () =>
        this.#send(body, "text/event-stream", controller.signal),
      );
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        dataOf(await this.#within(this.#timeoutMs, controller, () => this.#answer(response)));
        throw new BatonError("BAD_RESPONSE", `${this.name} does not stream subscriptions.`);
      }
      const { body: stream } = response;
      if (stream === null) return;
      for await (const event of readEvents(this.#chunks(stream, controller))) {
        if (event.event === "complete") return;
        if (event.event === null) yield null;
        else if (event.event === "next") {
          yield dataOf(this.#json.parse(event.data) as Answer) as D;
        }
      }
      throw unavailable(`${this.name} broke off the subscription.`);
    } finally {
      link.unlink();
      controller.abort();
    }
  }

  /** Whether another token may be had than the one that was just refused. */
  mayRenewToken(error: unknown): error is UnauthenticatedError {
    return error instanceof UnauthenticatedError && this.#credentials.isRenewable;
  }

  /** Makes attempts until one succeeds, fails for good, or `retryForMs` are over. */
  async patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const backoff = new Backoff();
    let deadline: number | undefined;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        // From the first failure on: what the server does before that may take its time.
        deadline ??= performance.now() + this.#retryForMs;
        const delayMs = backoff.nextMs();
        const isLate = performance.now() + delayMs > deadline;
        if (signal.aborted || isLate || !isTransient(error)) throw error;
        this.#onRetry({ error, delayMs });
        await pause(delayMs, signal);
      }
    }
  }

  /** Waits before what can't be reached is tried again, unless the signal has ended that. */
  async pauseAfter(error: BatonError, backoff: Backoff, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const delayMs = backoff.nextMs();
    this.#onRetry({ error, delayMs });
    await pause(delayMs, signal);
  }

  async #attempt(body: string, signal: AbortSignal, timeoutMs: number): Promise<unknown> {
    const { controller, unlink } = linked(signal);
    try {
      const answer = await this.#within(timeoutMs, controller, async () =>
        this.#answer(await this.#send(body, "application/json", controller.signal)),
      );
      return dataOf(answer);
    } finally {
      unlink();
    }
  }

  /** Once more with another token, where that may be had: for one that was refused nothing was done. */
  async #send(body: string, accept: string, signal: AbortSignal): Promise<Response> {
    const send = async () => {
      const who = await this.#credentials.headers(signal);
      const headers = { accept, "content-type": "application/json", ...who };
      return this.#fetch(this.#url, { method: "POST", headers, body, signal });
    };
    const response = await send();
    if (response.status !== 401 || !this.#credentials.isRenewable) return response;
    await response.body?.cancel();
    return send();
  }

  async #answer(response: Response): Promise<Answer> {
    const text = await response.text();
    try {
      const answer = this.#json.parse(text) as Answer;
      if (answer.data !== undefined || answer.errors !== undefined) return answer;
    } catch {
      // A proxy's page, most likely: said below.
    }
    const message = `${this.name} answered ${response.status} without GraphQL`;
    // Not Baton's own faults, which it answers as GraphQL, but those of what stands before it.
    if (response.status >= 500 || response.status === 429) throw unavailable(`${message}.`);
    throw new BatonError("BAD_RESPONSE", `${message}. Is the address right?`);
  }

  /** @throws BAD_USER_INPUT for a bigint where numbers are floats */
  #serialise({ document, variables }: Operation): string {
    try {
      return this.#json.stringify({ query: document, variables });
    } catch (error) {
      throw badUserInput(
        "value",
        `JSON can't say it: ${(error as Error).message} A bigint can be sent with the option numbers: "exact".`,
      );
    }
  }

  /** What can't be reached, or does not answer in time, is `UNAVAILABLE`. */
  async #within<T>(
    timeoutMs: number,
    controller: AbortController,
    work: () => Promise<T>,
  ): Promise<T> {
    const late = unavailable(`${this.name} gave no answer within ${timeoutMs} ms.`);
    const stop = after(timeoutMs, () => controller.abort(late));
    try {
      return await work();
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      if (error instanceof BatonError) throw error;
      throw unavailable(`${this.name} can't be reached: ${reasonOf(error)}.`, error);
    } finally {
      stop();
    }
  }

  async *#chunks(
    stream: ReadableStream<Uint8Array>,
    controller: AbortController,
  ): AsyncGenerator<Uint8Array, void> {
    const reader = stream.getReader();
    for (;;) {
      // Only while it is read: a slow consumer leaves what comes where it is.
      const { done, value } = await this.#within(this.#maxSilenceMs, controller, () =>
        reader.read(),
      );
      if (done) return;
      yield value;
    }
  }
}

/** @throws the first error of an answer that has any */
function dataOf({ data, errors: [error] = [] }: Answer): unknown {
  if (error) throw errorOf(error);
  return data;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: ErrorDetails };
  return String(cause?.message || cause?.code || message);
}

function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}
