import { computed, signal } from "@preact/signals";
import { readEvents } from "../client/event-stream.ts";
import { credentials, signOut } from "./session.ts";

/** A stream that was silent for so long is lost: the server sends a sign of life every 5 seconds. */
const maxSilenceMs = 12_000;
const firstRetryMs = 300;
const lastRetryMs = 4_000;

/** Streams that have no connection now. */
const broken = signal<ReadonlySet<object>>(new Set());
const openCount = signal(0);

/** Whether what the board shows is as of now. */
export const connection = computed<"live" | "reconnecting" | "idle">(() =>
  broken.value.size > 0 ? "reconnecting" : openCount.value > 0 ? "live" : "idle",
);

export interface StreamOptions<E> {
  readonly document: string;
  /** Asked for each time it connects: what it says goes on where the last connection ended. */
  readonly variables: () => object;
  /** Takes the events of one animation frame. */
  readonly next: (events: readonly E[]) => void;
  /** The server refused with this code: where to go on from is up to its owner. Default: it is tried again. */
  readonly refused?: (code: string, message: string) => void;
  /** It begins, at first and after each loss. */
  readonly begin?: () => void;
}

interface Message<E> {
  readonly data?: Readonly<Record<string, E>> | null;
  readonly errors?: readonly { message: string; extensions: { code: string } }[];
}

/** Follows a subscription until the returned function is called. It connects again by itself, however often. */
export function openStream<E>(options: StreamOptions<E>): () => void {
  const stream = new LiveStream(options);
  void stream.run();
  return () => stream.close();
}

class LiveStream<E> {
  readonly #options: StreamOptions<E>;
  readonly #closing = new AbortController();
  #waiting: E[] = [];
  #isScheduled = false;
  #retryMs = firstRetryMs;

  constructor(options: StreamOptions<E>) {
    this.#options = options;
    openCount.value++;
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    openCount.value--;
    this.#mark(false);
  }

  async run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#connect();
      } catch {
        // The connection is lost, and made again below.
      }
      if (this.#closing.signal.aborted) return;
      this.#flush();
      this.#mark(true);
      await this.#pause();
    }
  }

  async #connect(): Promise<void> {
    const lost = new AbortController();
    const end = () => lost.abort();
    this.#closing.signal.addEventListener("abort", end);
    // A browser that is told it is offline keeps the connection, which nothing comes over any more.
    window.addEventListener("offline", end);
    let silence = setTimeout(end, maxSilenceMs);
    try {
      const { document, variables, begin } = this.#options;
      const response = await fetch("graphql", {
        method: "POST",
        headers: {
          ...credentials(),
          "content-type": "application/json",
          accept: "text/event-stream",
        },
        body: JSON.stringify({ query: document, variables: variables() }),
        signal: lost.signal,
      });
      if (response.status === 401) {
        const { errors } = (await response.json()) as Message<E>;
        return signOut(errors?.[0]?.message ?? "This token is not accepted any more.");
      }
      if (!response.ok || !response.body) throw new Error(`Status ${response.status}.`);
      begin?.();
      for await (const { event, data } of readEvents(chunksOf(response.body))) {
        clearTimeout(silence);
        silence = setTimeout(end, maxSilenceMs);
        this.#mark(false);
        this.#retryMs = firstRetryMs;
        if (event === "complete") return;
        if (event === "next") this.#take(JSON.parse(data) as Message<E>);
      }
    } finally {
      clearTimeout(silence);
      window.removeEventListener("offline", end);
      this.#closing.signal.removeEventListener("abort", end);
    }
  }

  #take({ data, errors }: Message<E>): void {
    const [error] = errors ?? [];
    if (error) {
      const { code } = error.extensions;
      if (code === "UNAUTHENTICATED") return signOut(error.message);
      return this.#options.refused?.(code, error.message);
    }
    const [event] = Object.values(data ?? {});
    if (event === undefined) return;
    this.#waiting.push(event);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // A page in the background has no frames.
    if (document.hidden) setTimeout(() => this.#flush(), 200);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#waiting.length === 0 || this.#closing.signal.aborted) return;
    const events = this.#waiting;
    this.#waiting = [];
    this.#options.next(events);
  }

  #mark(isBroken: boolean): void {
    if (broken.value.has(this) === isBroken) return;
    const next = new Set(broken.value);
    if (isBroken) next.add(this);
    else next.delete(this);
    broken.value = next;
  }

  async #pause(): Promise<void> {
    const { signal: closing } = this.#closing;
    const ms = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        window.removeEventListener("online", done);
        closing.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      window.addEventListener("online", done);
      closing.addEventListener("abort", done);
    });
  }
}

/** Not every browser iterates over a stream. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
