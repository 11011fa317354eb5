import { computed, signal } from "@preact/signals";
import { closeSocket, subscribe, type SocketError } from "./live-socket.ts";
import { onSignOut, signOut } from "./session.ts";
import { readSnapshot } from "./snapshot-stream.ts";

onSignOut(closeSocket);

/** The codes of errors that a retry cannot resolve. */
const finalCodes = new Set(["FORBIDDEN", "BAD_USER_INPUT", "LIMIT_EXCEEDED"]);
const firstRetryMs = 300;
const lastRetryMs = 4_000;
/** The minimum time between two deliveries of events. */
const minFlushMs = 100;

/** The streams without a connection. */
const broken = signal<ReadonlySet<object>>(new Set());
const openCount = signal(0);

/** Whether the board shows the current data. */
export const connection = computed<"live" | "reconnecting" | "idle">(() =>
  broken.value.size > 0 ? "reconnecting" : openCount.value > 0 ? "live" : "idle",
);

export interface StreamOptions<E> {
  readonly document: string;
  /** Called for each connection. The variables resume where the last connection ended. */
  readonly variables: () => object;
  /** Receives the events since its last call. */
  readonly next: (events: readonly E[]) => void;
  /** The server refused with this code. The owner decides where to resume. Default: the stream tries again. */
  readonly refused?: (code: string, message: string) => void;
  /** Called at the start, and after each lost connection. */
  readonly begin?: () => void;
  /** Whether to start with a snapshot now. A separate connection reads it, and the socket continues after it. */
  readonly hasSnapshot?: () => boolean;
  /** Returns whether the snapshot ends with this event. */
  readonly isSnapshotEnd?: (event: E) => boolean;
}

interface Message<E> {
  readonly data?: Readonly<Record<string, E>> | null;
  readonly errors?: readonly SocketError[];
}

/** Follows a subscription until the returned function is called. It reconnects automatically, without a limit. */
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
  #flushedAt = 0;
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
        // The connection is lost. The code below reconnects.
      }
      if (this.#closing.signal.aborted) return;
      this.#flush();
      this.#mark(true);
      await this.#pause();
    }
  }

  async #connect(): Promise<void> {
    const { document: query, variables, begin, hasSnapshot, isSnapshotEnd } = this.#options;
    if (!navigator.onLine) return;
    const at = performance.now();
    if (hasSnapshot?.()) {
      let [hasBegun, isWhole] = [false, false];
      const next = (result: Message<E>) => {
        if (!hasBegun) begin?.();
        hasBegun = true;
        this.#mark(false);
        const event = this.#take(result);
        isWhole = event !== undefined && isSnapshotEnd?.(event) === true;
        return isWhole;
      };
      const payload = { query, variables: variables() };
      await readSnapshot(payload, (result) => next(result as Message<E>), this.#closing.signal);
      this.#flush();
      if (!isWhole || this.#closing.signal.aborted) return;
    }
    await subscribe(
      () => {
        begin?.();
        this.#mark(false);
        return { query, variables: variables() };
      },
      (result) => this.#take(result as Message<E>),
      this.#closing.signal,
    );
    if (performance.now() - at > lastRetryMs) this.#retryMs = firstRetryMs;
  }

  /** Returns the event that it takes. */
  #take({ data, errors }: Message<E>): E | undefined {
    const [error] = errors ?? [];
    if (error) {
      const { code } = error.extensions;
      if (code === "UNAUTHENTICATED") signOut(error.message);
      else this.#options.refused?.(code, error.message);
      if (finalCodes.has(code)) this.close();
      return undefined;
    }
    this.#retryMs = firstRetryMs;
    const [event] = Object.values(data ?? {});
    if (event === undefined) return undefined;
    this.#waiting.push(event);
    this.#schedule();
    return event;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // A single event is shown in the next frame. During a burst of changes, some frames are left for the page itself.
    const pauseMs = Math.max(0, this.#flushedAt + minFlushMs - performance.now());
    // A page in the background receives no animation frames.
    if (document.hidden) setTimeout(() => this.#flush(), 200);
    else if (pauseMs > 0) setTimeout(() => this.#flush(), pauseMs);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#waiting.length === 0 || this.#closing.signal.aborted) return;
    const events = this.#waiting;
    this.#waiting = [];
    this.#options.next(events);
    this.#flushedAt = performance.now();
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
