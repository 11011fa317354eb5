import type { Session } from "../auth/authenticator.ts";
import { limitExceeded } from "../errors.ts";
import type { Sink } from "../feed/sink.ts";
import type { Subscription } from "../feed/subscription.ts";
import { parseResourceUri } from "./resource-uri.ts";
import type { McpServices } from "./tool.ts";

/** The response that notifications are written to. */
export interface Outlet {
  /** Whether the limit of unread bytes is reached. */
  readonly isFull: boolean;
  /** Resolves when there is room again. */
  drained(): Promise<void>;
}

export interface ResourceWatchOptions extends Pick<McpServices, "bounds" | "feed" | "store"> {
  readonly session: Session;
  readonly outlet: Outlet;
  /** Called when the resource has changed. */
  readonly onChange: (uri: string) => void;
  /** Called when the watch ends: the token has ended, the server stops, or the log was compacted past its position. */
  readonly onEnd: () => void;
}

/** A resource that is followed. */
interface Followed {
  readonly subscribed: Promise<Subscription>;
  /** Called at the end, so that it no longer counts as a subscription of its user. */
  readonly leave: () => void;
}

/**
 * Follows the entries of resources through the feed. If the outlet of a slow reader is full, the feed waits, and reads
 * the log when there is room (G3, G9). Each resource counts as a subscription.
 */
export class ResourceWatch {
  readonly #options: ResourceWatchOptions;
  readonly #followed = new Map<string, Followed>();
  /** The resources that have changed in this turn of the event loop. One notification for each is enough. */
  readonly #untold = new Set<string>();
  #isClosed = false;

  constructor(options: ResourceWatchOptions) {
    this.#options = options;
  }

  /**
   * Follows a resource. Every change that is committed after this resolves is reported.
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE
   */
  async add(uri: string): Promise<void> {
    const known = this.#followed.get(uri);
    if (known) return void (await known.subscribed);
    if (this.#isClosed) return;
    const { bounds, feed, store, session } = this.#options;
    requireRoom(this.#followed.size, store.limits.maxSubscriptions);
    const place = parseResourceUri(uri);
    const leave = bounds.enter(session.viewer, "Subscriptions");
    const followed = { subscribed: feed.subscribe(session, place), leave };
    // From now on it takes its room, so that the limit also holds for calls at the same time.
    this.#followed.set(uri, followed);
    const isFollowed = () => this.#followed.get(uri) === followed;
    const subscription = await followed.subscribed.catch((error: unknown) => {
      if (isFollowed()) this.remove(uri);
      throw error;
    });
    if (!isFollowed()) return;
    const render = () => uri;
    const shared = { key: `mcp:${uri}`, render };
    const end = () => this.#endOf(uri, followed);
    void subscription.deliver({ render, shared, sink: this.#sink() }).then(end, end);
  }

  follows(uri: string): boolean {
    return this.#followed.has(uri);
  }

  remove(uri: string): void {
    const followed = this.#followed.get(uri);
    this.#followed.delete(uri);
    this.#untold.delete(uri);
    followed?.leave();
    followed?.subscribed.then(
      (subscription) => subscription.close(),
      () => {},
    );
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
    const { onChange, session } = this.#options;
    // The token can have ended, although its turn to end this watch has not come yet.
    if (!session.ended.aborted) for (const uri of this.#untold) onChange(uri);
    this.#untold.clear();
  }

  /** Waits for the end of a subscription. It also ends when its resource is removed from the watch. */
  #endOf(uri: string, followed: Followed): void {
    if (this.#followed.get(uri) !== followed) return;
    this.close();
    this.#options.onEnd();
  }
}

/** @throws LIMIT_EXCEEDED if one more would exceed the limit */
export function requireRoom(count: number, maxSubscriptions: number): void {
  if (count < maxSubscriptions) return;
  throw limitExceeded(
    "maxSubscriptions",
    maxSubscriptions,
    `One stream can follow at most ${maxSubscriptions} resources.`,
  );
}
