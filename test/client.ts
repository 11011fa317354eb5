import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";
import { sendRequest } from "./send-request.ts";

/** A response, unchanged. */
export interface Answer {
  readonly data?: Record<string, any> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly locations?: readonly { readonly line: number; readonly column: number }[];
    readonly extensions: Record<string, any> & { readonly code: string };
  }[];
}

export interface ClientOptions {
  readonly agent?: string;
}

/** Sends one operation over HTTP and returns any response. */
export async function request(
  url: string,
  token: string | null,
  query: string,
  variables: Record<string, unknown> = {},
  options: ClientOptions = {},
): Promise<Answer & { readonly status: number }> {
  const { status, text } = await sendRequest(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(options.agent === undefined ? {} : { "baton-agent": options.agent }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return { ...(JSON.parse(text) as Answer), status };
}

/** The error of a refused operation. */
export class Refusal extends Error {
  readonly code: string;
  readonly extensions: Record<string, any>;

  constructor(error: NonNullable<Answer["errors"]>[number]) {
    super(`${error.extensions.code}: ${error.message}`);
    this.code = error.extensions.code;
    this.extensions = error.extensions;
  }
}

/** Returns the error of a call that must be refused. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    (answer) => new Error(`It was not refused, but returned ${JSON.stringify(answer)}.`),
    (fault: unknown) => fault,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

/** Sends one operation and returns its data. Throws a Refusal if it has errors. */
export async function query(
  server: { readonly url: string; readonly token: string },
  document: string,
  variables: Record<string, unknown> = {},
  options: ClientOptions & { readonly token?: string } = {},
): Promise<Record<string, any>> {
  const answer = await request(
    server.url,
    options.token ?? server.token,
    document,
    variables,
    options,
  );
  const [error] = answer.errors ?? [];
  if (error) throw new Refusal(error);
  return answer.data as Record<string, any>;
}

/** Events of a subscription, queued as they come, for a test to wait for. */
export class Events implements AsyncDisposable {
  readonly #queue: Record<string, any>[] = [];
  readonly #end: () => void;
  #error: unknown = null;
  #ended = false;
  #wake = () => {};

  constructor(subscribe: (sink: Sink) => () => void) {
    this.#end = subscribe({
      next: (event) => this.#settle(() => this.#queue.push(event)),
      error: (error) => this.#settle(() => (this.#error = error)),
      complete: () => this.#settle(() => (this.#ended = true)),
    });
  }

  /** Returns the next event. Throws the error with which the subscription ended. */
  async next(): Promise<Record<string, any>> {
    for (;;) {
      const event = this.#queue.shift();
      if (event) return event;
      if (this.#error !== null) throw this.#error;
      if (this.#ended) throw new Error("The subscription is complete.");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async take(count: number): Promise<Record<string, any>[]> {
    const events = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  /** Returns the events up to and including the first one that matches. */
  async until(isLast: (event: Record<string, any>) => boolean): Promise<Record<string, any>[]> {
    const events = [];
    for (;;) {
      const event = await this.next();
      events.push(event);
      if (isLast(event)) return events;
    }
  }

  /** Returns the remaining events when the subscription completes. Throws the error if it ends with one. */
  async rest(): Promise<Record<string, any>[]> {
    const events = [];
    for (;;) {
      const event = this.#queue.shift();
      if (event) events.push(event);
      else if (this.#error !== null) throw this.#error;
      else if (this.#ended) return events;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #settle(change: () => void): void {
    change();
    this.#wake();
  }
}

interface Sink {
  next(event: Record<string, any>): void;
  error(error: unknown): void;
  complete(): void;
}

export function socketClient(
  url: string,
  connectionParams: Record<string, unknown>,
  options: { readonly lazy?: boolean; readonly onClosed?: (code: number) => void } = {},
): Client {
  return createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazy: options.lazy ?? true,
    onNonLazyError: () => {},
    on: { closed: (event) => options.onClosed?.((event as CloseEvent).code) },
  });
}

/** Subscribes on an open socket. */
export function subscribeOn(
  client: Client,
  document: string,
  variables: Record<string, unknown> = {},
): Events {
  return new Events((sink) =>
    client.subscribe(
      { query: document, variables },
      {
        next: ({ data, errors }) => {
          const [error] = (errors ?? []) as unknown as NonNullable<Answer["errors"]>;
          if (error) sink.error(new Refusal(error));
          else sink.next(Object.values(data ?? {})[0] as Record<string, any>);
        },
        error: (error) => {
          const [first] = Array.isArray(error) ? error : [];
          sink.error(first ? new Refusal(first) : error);
        },
        complete: () => sink.complete(),
      },
    ),
  );
}

/** Subscribes over a separate WebSocket. */
export function subscribe(
  server: { readonly url: string; readonly token: string },
  document: string,
  variables: Record<string, unknown> = {},
  token = server.token,
): Events {
  return subscribeOn(
    socketClient(server.url, { authorization: `Bearer ${token}` }),
    document,
    variables,
  );
}

/** Subscribes over server-sent events. Resolves when the server has responded, which fixes the first revision. */
export async function subscribeBySse(
  server: { readonly url: string; readonly token: string },
  document: string,
  variables: Record<string, unknown> = {},
  token = server.token,
): Promise<Events> {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: document, variables }),
    signal: abort.signal,
  });
  if (response.headers.get("content-type") !== "text/event-stream") {
    const [error] = ((await response.json()) as Answer).errors ?? [];
    throw error ? new Refusal(error) : new Error(`No event stream: ${response.status}`);
  }
  return new Events((sink) => {
    readSse(response, sink).catch((error: unknown) => {
      if (abort.signal.aborted) sink.complete();
      else sink.error(error);
    });
    return () => abort.abort();
  });
}

async function readSse(response: Response, sink: Sink): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const event = /^event: (\w+)$/m.exec(block)?.[1];
      if (event === "complete") return sink.complete();
      if (event !== "next") continue;
      const { data, errors } = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "{}") as Answer;
      const [error] = errors ?? [];
      if (error) sink.error(new Refusal(error));
      else sink.next(Object.values(data ?? {})[0]);
    }
  }
  throw new Error("The stream ended without complete.");
}
