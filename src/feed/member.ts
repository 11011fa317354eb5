import { isLoopHeld, nextTurn } from "../event-loop.ts";
import { shownTo, type Selection } from "../store/model/change.ts";
import { CatchUp, type CatchUpOptions, type Start } from "./catch-up.ts";
import { failWhenEnded, forgetEnding } from "./ending.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { Group, SharedRendering } from "./group.ts";
import type { Hub } from "./hub.ts";
import { patiently, retryPause } from "./patiently.ts";
import type { Sink } from "./sink.ts";
import type { Follower, Tail } from "./tail.ts";

/** How a subscription's events become payloads, and where the payloads go. */
export interface Delivery<T> {
  /** Renders an event for this subscriber only. */
  render(event: FeedEvent): T | Promise<T>;
  /** Renders an event for many subscribers; null if that is not possible, for example because it needs a promise. */
  readonly shared: SharedRendering<T> | null;
  readonly sink: Sink<T>;
}

export interface MemberOptions<T> extends Delivery<T> {
  readonly hub: Hub;
  /** The agent of the subscriber; null if it gave no agent name. */
  readonly agent: string | null;
  /** Aborts when the session ends; the subscription then fails with its reason. */
  readonly ended: AbortSignal;
  readonly reads: CatchUpOptions;
  /** Whether the subscriber receives bookmarks. */
  readonly bookmarks: boolean;
}

type State<T> =
  /** Reads the changes that it has missed, at the pace of its sink. */
  | { readonly kind: "catching up"; readonly catchUp: CatchUp }
  /** Has received everything up to the tail's position, and receives what its group renders. */
  | { readonly kind: "live"; readonly group: Group<T> }
  | { readonly kind: "closed" };

/**
 * One subscriber. It has no queue: what its sink does not accept stays in the log.
 *
 * 1. It starts by catching up: it reads a page, renders it, and sends it in one write. While its sink is full, it
 *    waits.
 * 2. If a page ends at the position of the tail, or the tail has the missing changes in memory, it sends those and
 *    joins its group, in one synchronous step. No change can be lost: earlier changes are in the page or in memory, and
 *    the group is offered the later ones. It skips changes that the page already had, by their revisions.
 * 3. While it is live, the group passes each payload to it. If its sink is full then, it leaves the group at the
 *    position that it has reached, and continues with step 1.
 * 4. It is closed by its caller, by the end of its session, by an error, or when the server stops.
 */
export class Member<T = unknown> implements Follower {
  readonly kind = "subscription";
  /** Settles when it is closed: rejects for an error. */
  readonly done: Promise<void>;
  readonly #options: MemberOptions<T>;
  /** A copy of the option. A delivery to many members takes as long as the memory that it reads. */
  readonly #sink: Sink<T>;
  /** A copy of the option. After the session's end, nothing is delivered, even if this member has not failed yet. */
  readonly #ended: AbortSignal;
  readonly #tail: Tail;
  #state: State<T>;
  /** The position at which it joined its group; null after the group has passed a later change to it. */
  #joinedAt: bigint | null = null;
  /** The revision of the latest bookmark. */
  #bookmarkedAt = -1n;
  #resolve: () => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  constructor(options: MemberOptions<T>, start: Start) {
    this.#options = options;
    this.#sink = options.sink;
    this.#ended = options.ended;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const catchUp = new CatchUp(options.reads, start);
    this.#state = { kind: "catching up", catchUp };
    this.#tail = options.hub.attach(options.reads.userId, this);
    failWhenEnded(options.ended, options.reads.userId, this);
    this.#begin(catchUp);
  }

  get agent(): string | null {
    return this.#options.agent;
  }

  get selection(): Selection {
    return this.#options.reads.selection;
  }

  get rendering(): SharedRendering<T> | null {
    return this.#options.shared;
  }

  get reached(): bigint | null {
    return this.#state.kind === "catching up" ? this.#state.catchUp.reached : null;
  }

  get isFull(): boolean {
    return this.#sink.isFull;
  }

  /** Receives the payloads of consecutive changes. */
  take(slice: readonly { readonly revision: bigint; readonly payload: T }[]): void {
    if (this.#ended.aborted) return;
    const sink = this.#sink;
    if (slice.length > 1) sink.cork();
    for (const { revision, payload } of slice) {
      if (this.#joinedAt !== null && revision <= this.#joinedAt) continue;
      this.#joinedAt = null;
      sink.send(payload);
    }
    if (slice.length > 1) sink.uncork();
  }

  /** Leaves its group. It has received everything up to the position, and reads the later changes from the log. */
  fallBehind(position: bigint): void {
    if (this.#state.kind !== "live") return;
    this.#tail.leave(this, this.#state.group);
    const joinedAt = this.#joinedAt ?? 0n;
    const after = position > joinedAt ? position : joinedAt;
    const catchUp = new CatchUp(this.#options.reads, { kind: "log", after });
    this.#state = { kind: "catching up", catchUp };
    this.#begin(catchUp);
  }

  /** Sends a bookmark, if the subscriber requests bookmarks and has advanced since the last one. */
  bookmark(): void {
    const state = this.#state;
    if (!this.#options.bookmarks || state.kind !== "live" || this.#sink.isFull) return;
    if (this.#ended.aborted) return;
    const joinedAt = this.#joinedAt ?? 0n;
    const { position } = state.group;
    const revision = position > joinedAt ? position : joinedAt;
    if (revision <= this.#bookmarkedAt) return;
    this.#bookmarkedAt = revision;
    const { epoch } = this.#options.reads;
    const payload = this.#render({ kind: "BOOKMARK", revision, epoch });
    if (!(payload instanceof Promise)) return this.#sink.send(payload);
    // If something was delivered before the payload is ready, the bookmark is out of date.
    payload.then(
      (late) => {
        const isCurrent = this.#state === state && state.group.position === position;
        if (isCurrent && !this.#ended.aborted) this.#sink.send(late);
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** Completes the subscription. */
  close(): void {
    if (this.#end()) this.#resolve();
  }

  /** Ends the subscription with an error. */
  fail(reason: unknown): void {
    if (this.#end()) this.#reject(reason);
  }

  #end(): boolean {
    switch (this.#state.kind) {
      case "closed":
        return false;
      case "live":
        this.#tail.leave(this, this.#state.group);
        break;
      case "catching up":
    }
    this.#state = { kind: "closed" };
    this.#tail.detach(this);
    forgetEnding(this.#ended, this);
    return true;
  }

  #begin(catchUp: CatchUp): void {
    this.#catchUp(catchUp).catch((error: unknown) => this.fail(error));
  }

  /** Resolves when the subscription is live or closed. */
  async #catchUp(catchUp: CatchUp): Promise<void> {
    const { sink } = this.#options;
    let last: bigint | null = null;
    while (this.#isCatchingUp()) {
      if (sink.isFull) {
        await sink.drained();
        continue;
      }
      const piece = await patiently(
        () => catchUp.next(),
        () => !this.#isCatchingUp(),
      );
      if (piece === null) return;
      const rendering = this.#send(piece.events);
      if (rendering) await rendering;
      // The changes that are missed until it is live are filtered and rendered in one turn.
      if (isLoopHeld()) await nextTurn(this.#options.reads.userId);
      if (!this.#isCatchingUp()) return;
      const { through } = piece;
      if (through !== null) {
        if (this.#goLive(through)) return;
        // The log ends before the published position, as after a restored backup: reading faster does not help.
        if (through === last) await retryPause();
        last = through;
      }
      // Even if the database responds without a wait, other users need their turns.
      await nextTurn(this.#options.reads.userId);
    }
  }

  /** Sends a page in one synchronous pass, as far as possible; returns a promise for the rest. */
  #send(events: readonly FeedEvent[], begin = 0): Promise<void> | null {
    const { sink } = this.#options;
    sink.cork();
    try {
      for (let index = begin; index < events.length; index++) {
        if (sink.isFull || isLoopHeld()) return this.#sendLater(events, index);
        const payload = this.#render(events[index] as FeedEvent);
        if (payload instanceof Promise) return this.#sendLater(events, index, payload);
        sink.send(payload);
      }
    } finally {
      sink.uncork();
    }
    return null;
  }

  /** Continues when the payload of the next event is ready and the sink accepts it. */
  async #sendLater(
    events: readonly FeedEvent[],
    index: number,
    payload?: Promise<T>,
  ): Promise<void> {
    const { sink } = this.#options;
    const rendered = payload && { payload: await payload };
    if (!rendered && isLoopHeld()) await nextTurn(this.#options.reads.userId);
    if (sink.isFull) await sink.drained();
    if (!this.#isCatchingUp()) return;
    if (rendered) sink.send(rendered.payload);
    await this.#send(events, rendered ? index + 1 : index);
  }

  /**
   * Joins its group if no change is missing between what it has read and the tail, or the tail has the missing changes
   * in memory. All in one synchronous step.
   */
  #goLive(through: bigint): boolean {
    const { sink, shared } = this.#options;
    const missed = this.#tail.since(through);
    if (missed === null || sink.isFull) return false;
    const wanted = missed.flatMap((change) => shownTo(this.selection, change) ?? []);
    if (wanted.length > 0 && !shared) return false;
    try {
      const payloads = wanted.map((change) => (shared as SharedRendering<T>).render(change));
      sink.cork();
      for (const payload of payloads) sink.send(payload);
      sink.uncork();
    } catch {
      // An event that is read from the log is rendered for this member only.
      return false;
    }
    const joinedAt = missed.at(-1)?.revision ?? through;
    this.#joinedAt = joinedAt;
    this.#state = { kind: "live", group: this.#tail.join(this, joinedAt) };
    this.bookmark();
    return true;
  }

  #render(event: FeedEvent): T | Promise<T> {
    const { shared } = this.#options;
    if (shared) {
      try {
        return shared.render(event);
      } catch {
        // The rendering for this member only reports the error.
      }
    }
    return this.#options.render(event);
  }

  #isCatchingUp(): boolean {
    return this.#state.kind === "catching up" && !this.#ended.aborted;
  }
}
