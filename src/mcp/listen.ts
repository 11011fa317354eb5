import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { ResourceWatch, type ResourceWatchOptions } from "./resource-watch.ts";

/**
 * The events of one `subscriptions/listen` of the stateless protocol: changes of the resources that it names. The
 * resources are followed before the stream is acknowledged, so that no later change is missed.
 */
export class Listen implements ServerEventBus {
  readonly #options: Omit<ResourceWatchOptions, "onChange">;
  readonly #watch: ResourceWatch;
  #leave = () => {};
  /** The resources that changed before the stream was open. */
  readonly #early = new Set<string>();
  #listener: ((event: ServerEvent) => void) | null = null;

  constructor(options: Omit<ResourceWatchOptions, "onChange">) {
    this.#options = options;
    this.#watch = new ResourceWatch({
      ...options,
      onChange: (uri) => {
        if (this.#listener) this.#listener({ kind: "resource_updated", uri });
        else this.#early.add(uri);
      },
    });
  }

  /**
   * @param params the parameters of the request
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE
   */
  async begin(params: Readonly<Record<string, unknown>>): Promise<void> {
    const { bounds, session } = this.#options;
    this.#leave = bounds.enter(session.viewer, "Sockets");
    const filter = params.notifications as { resourceSubscriptions?: unknown } | null | undefined;
    const uris = filter?.resourceSubscriptions;
    // The library refuses values of another type.
    if (!Array.isArray(uris)) return;
    try {
      for (const uri of uris) if (typeof uri === "string") await this.#watch.add(uri);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#leave();
    this.#watch.close();
  }

  /** Called by the library when the stream opens. It calls the result when the stream closes. */
  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listener = listener;
    for (const uri of this.#early) listener({ kind: "resource_updated", uri });
    this.#early.clear();
    return () => this.close();
  }

  /** Does nothing: the events come only from the feed. */
  publish(): void {}
}
