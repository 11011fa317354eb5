import type { Session } from "../auth/authenticator.ts";
import { parseResourceUri } from "./resource-uri.ts";
import { requireRoom, ResourceWatch, type Outlet } from "./resource-watch.ts";
import type { McpServices } from "./tool.ts";

/** What a client of a 2025 version subscribes to, by requests that are not the stream it is told on. */
interface Subscriber {
  readonly uris: Set<string>;
  /** While its stream is open. */
  watch: ResourceWatch | null;
}

export interface StreamOptions {
  readonly session: Session;
  readonly outlet: Outlet;
  /** Aborts when the client is gone, or the server stops. */
  readonly closed: AbortSignal;
}

/** A user's subscribers without a stream are kept until it is opened again, up to this number of resources in all. */
const maxWaitingUris = 1_000;
const keepAliveIntervalMs = 15_000;

/**
 * Resource subscriptions of the 2025 versions. They are kept in this process: behind several instances, requests of one
 * `Mcp-Session-Id` must reach the same one to be told of changes. The stateless protocol does not need that.
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
    store.place(viewer, namespace, key);
    const subscriber = this.#subscriberOf(caller);
    if (subscriber.uris.has(uri)) return;
    requireRoom(subscriber.uris.size, store.limits.maxSubscriptions);
    await subscriber.watch?.add(uri);
    subscriber.uris.add(uri);
  }

  unsubscribe(caller: string, uri: string): void {
    const subscriber = this.#subscribers.get(caller);
    if (!subscriber) return;
    subscriber.uris.delete(uri);
    subscriber.watch?.remove(uri);
    this.#forgetIfIdle(caller, subscriber);
  }

  /**
   * Opens the stream that the subscriber is told on. What it subscribed to before may have changed, so it is told of it.
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
        close = () => {
          if (!isOpen) return;
          isOpen = false;
          leave();
          clearInterval(pings);
          closed.removeEventListener("abort", close);
          session.ended.removeEventListener("abort", close);
          watch.close();
          if (subscriber.watch === watch) subscriber.watch = null;
          this.#forgetIfIdle(caller, subscriber);
          controller.close();
        };
        closed.addEventListener("abort", close);
        session.ended.addEventListener("abort", close);
        if (closed.aborted || session.ended.aborted) return close();
        write(": open\n\n");
        subscriber.watch = watch;
        for (const uri of subscriber.uris) {
          // One that is not allowed any more, or not at the moment, ends the stream: the client begins again.
          await watch.add(uri).catch(() => close());
          if (!isOpen) return;
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

  /** Makes room for one more of a user. Those with a stream stay: there are as many as connections. */
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

/** The user that is a part of a caller's name. */
function userOf(caller: string): string {
  return caller.slice(0, caller.indexOf("\n"));
}

function updated(uri: string): string {
  const method = "notifications/resources/updated";
  return `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method, params: { uri } })}\n\n`;
}
