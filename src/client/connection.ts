import {
  badResponse,
  badUserInput,
  BatonError,
  errorOf,
  RevisionCompactedError,
  unavailable,
  type AnsweredError,
  type ErrorDetails,
} from "./errors.ts";
import { readEvents } from "./event-stream.ts";
import { after, linked, requireDuration, unlessAborted } from "./abort.ts";
import type { ConnectionOptions, Retry } from "./connection-options.ts";
import { Credentials } from "./credentials.ts";
import { jsonCodec, type JsonCodec } from "./json-codec.ts";
import { writeNegativeZeros } from "./negative-zero.ts";
import { RetryPolicy } from "./retry-policy.ts";

/** The options that every call accepts. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. A write can have been committed nevertheless. */
  readonly signal?: AbortSignal | undefined;
}

/** A GraphQL operation. */
export interface Operation {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The method that sends it. Default: the operation's name in the document. */
  readonly call?: string | undefined;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly AnsweredError[] | null;
}

/** HTTP statuses without a GraphQL body after which a retry can succeed: timeout, too early, too many requests. */
const passingStatuses: readonly number[] = [408, 425, 429];

/** How a call is made, in addition to the caller's options. */
export interface CallPolicy extends CallOptions {
  /** Whether the call can be repeated safely. Default: true. */
  readonly isRepeatable?: boolean;
  /** Milliseconds that the server can wait on purpose, in addition to the timeout. */
  readonly extraTimeMs?: number;
}

/** Sends operations to one server, and retries those that can be repeated safely. */
export class Connection {
  /** The name of the server in error messages. */
  readonly name: string;
  readonly #url: string;
  readonly retryWrites: boolean;
  readonly #credentials: Credentials;
  readonly retryForMs: number;
  readonly #timeoutMs: number;
  readonly #maxSilenceMs: number;
  readonly onRetry: (retry: Retry) => void;
  readonly #fetch: typeof fetch;
  readonly #json: JsonCodec;
  readonly #closing = new AbortController();
  /** The epoch that the server last reported. Undefined before the first response. */
  epoch: string | undefined;
  #wasReached = false;
  #hasWarned = false;

  constructor(options: ConnectionOptions) {
    const env = environment();
    const url = (options.url ?? env.BATON_URL) || "http://127.0.0.1:4000";
    // A web page can give its own server as a path only.
    if (!url.startsWith("/") && !(/^https?:/i.test(url) && URL.canParse(url))) {
      throw badUserInput("url", "Must be a URL such as http://host:port.");
    }
    // Messages name the server.
    if (/^https?:[/][/][^/]*@/i.test(url)) {
      throw badUserInput(
        "url",
        "A URL with a user name or password is not accepted. Pass the token as `token`.",
      );
    }
    const base = withoutPath(url);
    this.name = `Baton at ${base || "this page's server"}`;
    this.#url = `${base}/graphql`;
    const token = options.token ?? env.BATON_TOKEN;
    this.#credentials = new Credentials(token, options.agent, options.tokenName);
    this.retryForMs = requireDuration("retryForMs", options.retryForMs ?? 30_000);
    this.#timeoutMs = requireDuration("timeoutMs", options.timeoutMs ?? 60_000);
    this.#maxSilenceMs = requireDuration("maxSilenceMs", options.maxSilenceMs ?? 40_000);
    this.retryWrites = options.retryWrites ?? true;
    this.onRetry = options.onRetry ?? ((retry) => this.#warn(retry));
    // `fetch` must be called without a receiver: browsers reject it as a method of another object.
    this.#json = options.json ?? jsonCodec(options.numbers ?? "float");
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Aborts when the connection is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Whether Baton has responded at this address. If so, a response that is not Baton's comes from a proxy and can be
   * temporary.
   */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** Whether a new token can be obtained after one is refused. */
  get isTokenRenewable(): boolean {
    return this.#credentials.isRenewable;
  }

  /** Aborts every call in progress. */
  close(): void {
    this.#closing.abort(unavailable("The data store was closed."));
  }

  /** Sends an operation and returns its data. Throws the first of its errors. */
  async call<D>(operation: Operation, policy: CallPolicy = {}): Promise<D> {
    const { isRepeatable = true, extraTimeMs = 0 } = policy;
    const body = this.#serialise(operation);
    const link = linked(this.closed, policy.signal);
    try {
      const attempt = () => this.#attempt(body, link.signal, this.#timeoutMs + extraTimeMs);
      const retryPolicy = isRepeatable ? this.retryPolicy(operation, link.signal) : undefined;
      return (await (retryPolicy ? retryPolicy.with(attempt) : attempt())) as D;
    } catch (error) {
      // Report a new epoch once. From now on, the caller sees the new history.
      if (error instanceof RevisionCompactedError && error.epoch) this.epoch = error.epoch;
      throw error;
    } finally {
      link.unlink();
    }
  }

  /** Returns the retry policy of an operation. */
  retryPolicy(operation: Operation, signal: AbortSignal): RetryPolicy {
    return new RetryPolicy(this, operation, signal);
  }

  /**
   * Yields the events of a subscription, and null for each heartbeat. It ends when the server completes the
   * subscription, which means that the server is stopping. Throws `UNAVAILABLE` if the connection is lost.
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
        this.#dataOf(
          await this.#within(this.#timeoutMs, controller, () => this.#answer(response, body)),
        );
        throw badResponse(`${this.name} does not stream subscriptions.`);
      }
      this.#wasReached = true;
      const { body: stream } = response;
      if (stream === null) return;
      for await (const event of readEvents(this.#chunks(stream, controller))) {
        if (event.event === "complete") return;
        if (event.event === null) yield null;
        else if (event.event === "next") yield this.#event(event.data, body) as D;
      }
      throw unavailable(`${this.name} broke the subscription's connection.`);
    } finally {
      link.unlink();
      controller.abort();
    }
  }

  async #attempt(body: string, signal: AbortSignal, timeoutMs: number): Promise<unknown> {
    const { controller, unlink } = linked(signal);
    try {
      const answer = await this.#within(timeoutMs, controller, async () =>
        this.#answer(await this.#send(body, "application/json", controller.signal), body),
      );
      return this.#dataOf(answer);
    } finally {
      unlink();
    }
  }

  /**
   * Sends a request. If the server refuses the token and a new one can be obtained, sends the request once more: a
   * refused request has had no effect.
   */
  async #send(body: string, accept: string, signal: AbortSignal): Promise<Response> {
    const send = async () => {
      const who = await this.#credentials.headers(signal);
      const headers = { accept, "content-type": "application/json", ...who };
      // If followed, most redirects become a GET without a body, and drop the token on the way to another host.
      const redirect = "manual";
      return this.#fetch(this.#url, { method: "POST", headers, body, signal, redirect });
    };
    const response = await send();
    if (response.status !== 401 || !this.#credentials.isRenewable) return response;
    await response.body?.cancel();
    return send();
  }

  async #answer(response: Response, body: string): Promise<Answer> {
    const answer = this.#parse(await response.text(), body);
    if (answer) {
      this.#wasReached = true;
      return answer;
    }
    const { status, type } = response;
    if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
      const target = response.headers.get("location") ?? "another address";
      throw badResponse(`${this.name} redirects to ${target}. Redirects are not followed.`);
    }
    const message = `${this.name} responded with status ${status} and no GraphQL result`;
    // Such a status comes from a proxy: Baton reports its own errors as GraphQL.
    if (status >= 500 || passingStatuses.includes(status)) throw unavailable(`${message}.`);
    throw badResponse(`${message}. Check the URL.`);
  }

  /** Returns the data of an event of a stream. */
  #event(text: string, body: string): unknown {
    const answer = this.#parse(text, body);
    if (answer) return this.#dataOf(answer);
    throw badResponse(`${this.name} sent an event without GraphQL.`);
  }

  /** Parses the GraphQL response to this request. Returns null for anything else. */
  #parse(text: string, body: string): Answer | null {
    let answer: Answer | null;
    try {
      answer = this.#json.parse(text) as Answer | null;
    } catch {
      // Most likely an HTML page of a proxy.
      return null;
    }
    const { data, errors } = answer ?? {};
    if (errors !== undefined && errors !== null) {
      if (!Array.isArray(errors)) return null;
      if (errors.length > 0) return isError(errors[0]) ? answer : null;
    }
    if (typeof data !== "object" || data === null) return null;
    // Only a directive (`@skip`, `@include`) can make an empty object a valid result.
    return Object.keys(data).length > 0 || body.includes("@") ? answer : null;
  }

  /** Returns the data of a response. @throws the first error of a response that has any */
  #dataOf({ data, errors }: Answer): unknown {
    if (errors?.[0]) throw this.#credentials.explain(errorOf(errors[0]), this.name);
    return data;
  }

  /** Prints the first retry, unless the server has responded before. */
  #warn({ error }: Retry): void {
    if (this.#wasReached || this.#hasWarned) return;
    this.#hasWarned = true;
    const limit =
      this.retryForMs === Infinity ? "without a limit" : `for up to ${this.retryForMs} ms`;
    console.warn(`${error.message} The client retries ${limit} (retryForMs).`);
  }

  /** @throws BAD_USER_INPUT for a bigint if numbers are floats */
  #serialise({ document, variables }: Operation): string {
    try {
      return writeNegativeZeros(this.#json.stringify({ query: document, variables }));
    } catch (error) {
      throw badUserInput(
        "value",
        `Not valid as JSON: ${(error as Error).message} To send a bigint, set the option numbers: "exact".`,
      );
    }
  }

  /** Sends a request with a timeout. An unreachable server or a timeout is `UNAVAILABLE`. */
  async #within<T>(
    timeoutMs: number,
    controller: AbortController,
    work: () => Promise<T>,
  ): Promise<T> {
    const late = unavailable(`${this.name} did not respond within ${timeoutMs} ms.`);
    const stop = after(timeoutMs, () => controller.abort(late));
    try {
      // Some implementations of `fetch` ignore the signal.
      return await unlessAborted(work(), controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      if (error instanceof BatonError) throw error;
      throw unavailable(`${this.name} cannot be reached: ${reasonOf(error)}.`, error);
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
      // The silence timer runs only during a read: a slow consumer does not read, so data waits in the buffer.
      const { done, value } = await this.#within(this.#maxSilenceMs, controller, () =>
        reader.read(),
      );
      if (done) return;
      yield value;
    }
  }
}

/** Returns whether it is an error as Baton returns it: each has a message and a code. */
function isError(answered: Partial<AnsweredError> | null | undefined): boolean {
  return typeof answered?.message === "string" && typeof answered.extensions?.code === "string";
}

/** Returns a URL without trailing slashes and without the path of the API. */
function withoutPath(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  const base = url.slice(0, end);
  const path = "/graphql";
  return base.endsWith(path) ? base.slice(0, -path.length) : base;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: ErrorDetails };
  // OpenSSL's message contains a number of a thread and the path of a file.
  if (cause?.code === "ERR_SSL_WRONG_VERSION_NUMBER") return "the server does not use HTTPS";
  return String(cause?.message || cause?.code || message);
}

function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}
