import type { Session } from "../auth/authenticator.ts";
import { failWhenEnded, forgetEnding } from "../feed/ending.ts";
import { parseResourceUri } from "./resource-uri.ts";
import { requireRoom, ResourceWatch, type Outlet } from "./resource-watch.ts";
import type { McpServices } from "./tool.ts";

/**
 * The subscriptions of a client of a 2025 version. The client subscribes with requests that are separate from its
 * stream.
 */
interface Subscriber {
  readonly uris: Set<string>;
  /** The watch of its stream; null if the stream is not open. */
  watch: ResourceWatch | null;
}

export interface StreamOptions {
  readonly session: Session;
  readonly outlet: Outlet;
  /** Aborts when the client disconnects or the server stops. */
  readonly closed: AbortSignal;
}

/**
 * Subscribers without a stream are kept, so that they can open it again, up to this total number of resources per user.
 */
const maxWaitingUris = 1_000;
const keepAliveIntervalMs = 15_000;

/**
 * Resource subscriptions of the 2025 versions. They are kept in this process: with several instances, all requests of
 * one `Mcp-Session-Id` must reach the same instance to get notifications. The stateless protocol does not need this.
 */
export class ResourceSessions {
  readonly #services: Pick<McpServices, "bounds" | "feed" | "store">;
  readonly #subscribers = new Map<string, Subscriber>();

  constructor(services: Pick<McpServices, "bounds" | "feed" | "store">) {
    this.#services = services;
  }

  /** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE */
  async subscribe(caller: string, { viewer }: Session, uri: string): Promise<void> {
    const { store } = this.#services;
    const { namespace, key } = parseResourceUri(uri);
    store.checks.place(viewer, namespace, key);
    const subscriber = this.#subscriberOf(caller);
    if (!subscriber.uris.has(uri)) {
      requireRoom(subscriber.uris.size, store.limits.maxSubscriptions);
    }
    // From now on it takes its room, so that the limit also holds for calls at the same time.
    subscriber.uris.add(uri);
    try {
      await subscriber.watch?.add(uri);
    } catch (error) {
      // A later call can have followed it again.
      if (!subscriber.watch?.follows(uri)) subscriber.uris.delete(uri);
      this.#forgetIfIdle(caller, subscriber);
      throw error;
    }
  }

  unsubscribe(caller: string, uri: string): void {
    const subscriber = this.#subscribers.get(caller);
    if (!subscriber) return;
    subscriber.uris.delete(uri);
    subscriber.watch?.remove(uri);
    this.#forgetIfIdle(caller, subscriber);
  }

  /**
   * Opens the subscriber's stream of notifications. Resources that it subscribed to before are reported as changed,
   * because they can have changed in between.
   * @throws LIMIT_EXCEEDED
   */
  open(caller: string, { session, outlet, closed }: StreamOptions): Response {
    const leave = this.#services.bounds.enter(session.viewer, "Sockets");
    const subscriber = this.#subscriberOf(caller);
    const encoder = new TextEncoder();
    let close = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        const write = (text: string) => controller.enqueue(encoder.encode(text));
        const onChange = (uri: string) => write(updated(uri));
        const watch = new ResourceWatch({
          ...this.#services,
          session,
          outlet,
          onChange,
          onEnd: () => close(),
        });
        const pings = setInterval(() => {
          if (!outlet.isFull) write(": keepalive\n\n");
        }, keepAliveIntervalMs);
        let isOpen = true;
        const ending = { fail: () => close() };
        close = () => {
          if (!isOpen) return;
          isOpen = false;
          leave();
          clearInterval(pings);
          closed.removeEventListener("abort", close);
          forgetEnding(session.ended, ending);
          watch.close();
          if (subscriber.watch === watch) subscriber.watch = null;
          this.#forgetIfIdle(caller, subscriber);
          controller.close();
        };
        closed.addEventListener("abort", close);
        failWhenEnded(session.ended, session.viewer.userId, ending);
        if (closed.aborted) close();
        if (!isOpen) return;
        write(": open\n\n");
        subscriber.watch = watch;
        for (const uri of subscriber.uris) {
          // If a resource cannot be followed any more, the stream ends, and the client begins again.
          await watch.add(uri).catch(() => close());
          if (!isOpen || session.ended.aborted) return;
          onChange(uri);
        }
      },
      cancel: () => close(),
    });
    const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    return new Response(body, { headers });
  }

  #subscriberOf(caller: string): Subscriber {
    const known = this.#subscribers.get(caller);
    if (known) return known;
    this.#forgetOldestOf(userOf(caller));
    const subscriber: Subscriber = { uris: new Set(), watch: null };
    this.#subscribers.set(caller, subscriber);
    return subscriber;
  }

  #forgetIfIdle(caller: string, subscriber: Subscriber): void {
    if (subscriber.uris.size === 0 && !subscriber.watch) this.#subscribers.delete(caller);
  }

  /** Removes a user's oldest subscribers without a stream to make room for one more. Those with a stream stay. */
  #forgetOldestOf(user: string): void {
    const waiting = [...this.#subscribers].filter(
      ([caller, { watch }]) => !watch && userOf(caller) === user,
    );
    let count = waiting.reduce((sum, [, { uris }]) => sum + uris.size, 0);
    for (const [caller, { uris }] of waiting) {
      if (count < maxWaitingUris) return;
      this.#subscribers.delete(caller);
      count -= uris.size;
    }
  }
}

/** The user in a caller's identity. */
function userOf(caller: string): string {
  return caller.slice(0, caller.indexOf("\n"));
}

function updated(uri: string): string {
  const method = "notifications/resources/updated";
  return `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method, params: { uri } })}\n\n`;
}
