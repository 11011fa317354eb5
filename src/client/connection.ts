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
import { Patience } from "./patience.ts";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. A write may have happened all the same. */
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

/** Statuses of an answer without GraphQL that another attempt may not have: too late, too early, too many. */
const passingStatuses: readonly number[] = [408, 425, 429];

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
  readonly retryForMs: number;
  readonly #timeoutMs: number;
  readonly #maxSilenceMs: number;
  readonly onRetry: (retry: Retry) => void;
  readonly #fetch: typeof fetch;
  readonly #json: JsonCodec;
  readonly #closing = new AbortController();
  /** The history that the server's revisions are of, as it said last; undefined before. */
  epoch: string | undefined;
  #wasReached = false;

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
    const base = withoutPath(url);
    this.name = `Baton at ${base || "this page's server"}`;
    this.#url = `${base}/graphql`;
    this.#credentials = new Credentials(options.token ?? env.BATON_TOKEN, options.agent);
    this.retryForMs = requireDuration("retryForMs", options.retryForMs ?? 30_000);
    this.#timeoutMs = requireDuration("timeoutMs", options.timeoutMs ?? 60_000);
    this.#maxSilenceMs = requireDuration("maxSilenceMs", options.maxSilenceMs ?? 40_000);
    this.retryWrites = options.retryWrites ?? true;
    this.onRetry = options.onRetry ?? (() => {});
    // Called as a function of its own: browsers refuse it as a method of another object.
    this.#json = options.json ?? jsonCodec(options.numbers ?? "float");
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Aborts when it is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whether Baton has answered at this address: then an answer that is not Baton's comes from a proxy, and may pass. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** Whether another token may be had than one that was refused. */
  get isTokenRenewable(): boolean {
    return this.#credentials.isRenewable;
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
      const patience = isRepeatable ? this.patience(operation, link.signal) : undefined;
      return (await (patience ? patience.with(attempt) : attempt())) as D;
    } catch (error) {
      // The caller is told once. What it sees from now on is of this history.
      if (error instanceof RevisionCompactedError && error.epoch) this.epoch = error.epoch;
      throw error;
    } finally {
      link.unlink();
    }
  }

  /** How often an operation is tried. */
  patience(operation: Operation, signal: AbortSignal): Patience {
    return new Patience(this, operation, signal);
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
        dataOf(await this.#within(this.#timeoutMs, controller, () => this.#answer(response, body)));
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
      throw unavailable(`${this.name} broke off the subscription.`);
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
      // Followed, most redirects become a GET without a body, and lose the token on the way to another host.
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
    const message = `${this.name} answered ${status} without GraphQL`;
    // Not Baton's own faults, which it answers as GraphQL, but those of what stands before it.
    if (status >= 500 || passingStatuses.includes(status)) throw unavailable(`${message}.`);
    throw badResponse(`${message}. Is the address right?`);
  }

  /** The data of an event of a stream. */
  #event(text: string, body: string): unknown {
    const answer = this.#parse(text, body);
    if (answer) return dataOf(answer);
    throw badResponse(`${this.name} sent an event without GraphQL.`);
  }

  /** An answer of GraphQL to this request; null for anything else. */
  #parse(text: string, body: string): Answer | null {
    let answer: Answer | null;
    try {
      answer = this.#json.parse(text) as Answer | null;
    } catch {
      // A proxy's page, most likely.
      return null;
    }
    const { data, errors } = answer ?? {};
    if (errors !== undefined && errors !== null) {
      if (!Array.isArray(errors)) return null;
      if (errors.length > 0) return isError(errors[0]) ? answer : null;
    }
    if (typeof data !== "object" || data === null) return null;
    // Only a directive leaves every field out.
    return Object.keys(data).length > 0 || body.includes("@") ? answer : null;
  }

  /** @throws BAD_USER_INPUT for a bigint where numbers are floats */
  #serialise({ document, variables }: Operation): string {
    try {
      return writeNegativeZeros(this.#json.stringify({ query: document, variables }));
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
      // Not every `fetch` heeds its signal.
      return await unlessAborted(work(), controller.signal);
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
function dataOf({ data, errors }: Answer): unknown {
  if (errors?.[0]) throw errorOf(errors[0]);
  return data;
}

/** Whether it is an error as Baton answers it: each has a message and a code. */
function isError(answered: Partial<AnsweredError> | null | undefined): boolean {
  return typeof answered?.message === "string" && typeof answered.extensions?.code === "string";
}

/** An address without slashes at its end, and without the path of the API. */
function withoutPath(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  const base = url.slice(0, end);
  const path = "/graphql";
  return base.endsWith(path) ? base.slice(0, -path.length) : base;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: ErrorDetails };
  return String(cause?.message || cause?.code || message);
}

function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}
