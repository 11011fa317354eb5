import type { ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { ResourceWatch, type ResourceWatchOptions } from "./resource-watch.ts";

/**
 * What one `subscriptions/listen` of the stateless protocol is told of: the changes of the resources that it names. They
 * are followed before the stream is acknowledged, so that nothing is missed from then on.
 */
export class Listen implements ServerEventBus {
  readonly #options: Omit<ResourceWatchOptions, "onChange">;
  readonly #watch: ResourceWatch;
  #leave = () => {};
  /** Changes before the stream was there. */
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
   * @param params of the request
   * @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED, UNAVAILABLE
   */
  async begin(params: Readonly<Record<string, unknown>>): Promise<void> {
    const { bounds, session } = this.#options;
    this.#leave = bounds.enter(session.viewer, "Sockets");
    const filter = params.notifications as { resourceSubscriptions?: unknown } | null | undefined;
    const uris = filter?.resourceSubscriptions;
    // What is of another form is refused by the library.
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

  /** The library calls it when the stream is open, and what it returns when the stream is over. */
  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listener = listener;
    for (const uri of this.#early) listener({ kind: "resource_updated", uri });
    this.#early.clear();
    return () => this.close();
  }

  /** Its events come from the feed alone. */
  publish(): void {}
}
