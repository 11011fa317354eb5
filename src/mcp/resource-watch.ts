import type { Session } from "../auth/authenticator.ts";
import { limitExceeded } from "../errors.ts";
import type { Sink } from "../feed/sink.ts";
import type { Subscription } from "../feed/subscription.ts";
import { parseResourceUri } from "./resource-uri.ts";
import type { McpServices } from "./tool.ts";

/** The answer that carries the notifications. */
export interface Outlet {
  /** Whether it holds as much as it may that its reader has not taken. */
  readonly isFull: boolean;
  /** Resolves when there is room again. */
  drained(): Promise<void>;
}

export interface ResourceWatchOptions extends Pick<McpServices, "feed" | "store"> {
  readonly session: Session;
  readonly outlet: Outlet;
  /** The resource has changed. */
  readonly onChange: (uri: string) => void;
  /** The watch is over: the token has ended, the server stops, or the log does not reach back. */
  readonly onEnd: () => void;
}

/**
 * Follows the entries of resources by the feed. A reader who is slow is not sent more than the outlet holds: the feed
 * waits, and reads the log when there is room (G3, G9).
 */
export class ResourceWatch {
  readonly #options: ResourceWatchOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  #isClosed = false;

  constructor(options: ResourceWatchOptions) {
    this.#options = options;
  }

  /**
   * Every change that is committed from when this resolves is told.
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE
   */
  async add(uri: string): Promise<void> {
    if (this.#subscriptions.has(uri)) return;
    const { feed, store, session } = this.#options;
    requireRoom(this.#subscriptions.size, store.limits.maxSubscriptions);
    const subscription = await feed.subscribe(session, parseResourceUri(uri));
    if (this.#isClosed || this.#subscriptions.has(uri)) return subscription.close();
    this.#subscriptions.set(uri, subscription);
    const render = () => uri;
    const shared = { key: `mcp:${uri}`, render };
    const end = () => this.#endOf(uri, subscription);
    void subscription.deliver({ render, shared, sink: this.#sink() }).then(end, end);
  }

  remove(uri: string): void {
    const subscription = this.#subscriptions.get(uri);
    this.#subscriptions.delete(uri);
    subscription?.close();
  }

  close(): void {
    this.#isClosed = true;
    for (const uri of this.#subscriptions.keys()) this.remove(uri);
  }

  #sink(): Sink<string> {
    const { outlet, onChange } = this.#options;
    return {
      send: (uri) => {
        if (this.#subscriptions.has(uri)) onChange(uri);
      },
      cork() {},
      uncork() {},
      get isFull() {
        return outlet.isFull;
      },
      drained: () => outlet.drained(),
    };
  }

  /** One that was removed ends, too. */
  #endOf(uri: string, subscription: Subscription): void {
    if (this.#subscriptions.get(uri) !== subscription) return;
    this.close();
    this.#options.onEnd();
  }
}

/** @throws LIMIT_EXCEEDED when there is no room for one more */
export function requireRoom(count: number, maxSubscriptions: number): void {
  if (count < maxSubscriptions) return;
  throw limitExceeded(
    "maxSubscriptions",
    maxSubscriptions,
    `One stream may follow ${maxSubscriptions} resources.`,
  );
}
