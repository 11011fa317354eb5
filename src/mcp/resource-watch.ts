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

export interface ResourceWatchOptions extends Pick<McpServices, "bounds" | "feed" | "store"> {
  readonly session: Session;
  readonly outlet: Outlet;
  /** The resource has changed. */
  readonly onChange: (uri: string) => void;
  /** The watch is over: the token has ended, the server stops, or the log does not reach back. */
  readonly onEnd: () => void;
}

/** One resource that is followed. */
interface Followed {
  readonly subscription: Subscription;
  /** Ends its count as a subscription of its user. */
  readonly leave: () => void;
}

/**
 * Follows the entries of resources by the feed. A reader who is slow is not sent more than the outlet holds: the feed
 * waits, and reads the log when there is room (G3, G9). Each resource counts as a subscription.
 */
export class ResourceWatch {
  readonly #options: ResourceWatchOptions;
  readonly #followed = new Map<string, Followed>();
  /** Resources that have changed in this turn of the event loop. Each is told once: the client then reads it anyway. */
  readonly #untold = new Set<string>();
  #isClosed = false;

  constructor(options: ResourceWatchOptions) {
    this.#options = options;
  }

  /**
   * Every change that is committed from when this resolves is told.
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE
   */
  async add(uri: string): Promise<void> {
    if (this.#followed.has(uri)) return;
    const { bounds, feed, store, session } = this.#options;
    requireRoom(this.#followed.size, store.limits.maxSubscriptions);
    const place = parseResourceUri(uri);
    const leave = bounds.enter(session.viewer, "Subscriptions");
    const subscription = await feed.subscribe(session, place).catch((error: unknown) => {
      leave();
      throw error;
    });
    if (this.#isClosed || this.#followed.has(uri)) {
      leave();
      return subscription.close();
    }
    this.#followed.set(uri, { subscription, leave });
    const render = () => uri;
    const shared = { key: `mcp:${uri}`, render };
    const end = () => this.#endOf(uri, subscription);
    void subscription.deliver({ render, shared, sink: this.#sink() }).then(end, end);
  }

  remove(uri: string): void {
    const followed = this.#followed.get(uri);
    this.#followed.delete(uri);
    this.#untold.delete(uri);
    followed?.leave();
    followed?.subscription.close();
  }

  close(): void {
    this.#isClosed = true;
    for (const uri of this.#followed.keys()) this.remove(uri);
  }

  #sink(): Sink<string> {
    const { outlet } = this.#options;
    return {
      send: (uri) => {
        if (!this.#followed.has(uri)) return;
        if (this.#untold.size === 0) setImmediate(() => this.#tell());
        this.#untold.add(uri);
      },
      cork() {},
      uncork() {},
      get isFull() {
        return outlet.isFull;
      },
      drained: () => outlet.drained(),
    };
  }

  #tell(): void {
    for (const uri of this.#untold) this.#options.onChange(uri);
    this.#untold.clear();
  }

  /** One that was removed ends, too. */
  #endOf(uri: string, subscription: Subscription): void {
    if (this.#followed.get(uri)?.subscription !== subscription) return;
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
