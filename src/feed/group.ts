import {
  changeBytes,
  shownTo,
  type Change,
  type Selection,
  type ShownChange,
} from "../store/model/change.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { Member } from "./member.ts";

/** A rendering that every subscriber with the same key and the same selection can share. */
export interface SharedRendering<T> {
  /** Equal keys give equal payloads for equal events. */
  readonly key: string;
  /** Throws where an event can't be rendered for all at once. */
  render(event: FeedEvent): T;
}

interface Rendered<T> {
  readonly revision: bigint;
  readonly payload: T;
}

/** What is rendered before it is passed on: a commit may be large, and a member may be slow. */
const maxSliceBytes = 128 * 1024;
/** What waits for its turn. Beyond it, the turn is taken immediately, so that the writers are slowed down. */
const maxPendingBytes = 1024 * 1024;
const maxMembers = 250;

/**
 * Live subscribers that want the same changes as the same payloads: each change is rendered once for all of them. It has
 * so few members that a delivery to all of them does not hold up others for long; those beyond are in another group.
 */
export class Group<T = unknown> {
  readonly members = new Set<Member<T>>();
  readonly #selection: Selection;
  /** Null where each member renders for itself. */
  readonly #rendering: SharedRendering<T> | null;
  /** The members have everything up to here. */
  #position: bigint;
  /** What comes next, without a hole. */
  #pending: Change[] = [];
  #pendingBytes = 0;

  constructor(selection: Selection, rendering: SharedRendering<T> | null, position: bigint) {
    this.#selection = selection;
    this.#rendering = rendering;
    this.#position = position;
  }

  /** The members have every change that they want up to here. */
  get position(): bigint {
    return this.#position;
  }

  get hasRoom(): boolean {
    return this.members.size < maxMembers;
  }

  /** Takes the user's next changes, for `deliver` to pass on. */
  offer(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#pending.push(change);
      this.#pendingBytes += changeBytes(change);
    }
    if (this.#pendingBytes > maxPendingBytes) this.deliver();
  }

  /** Passes on what is pending. Members that can't take it leave, and read it from the log. */
  deliver(): void {
    const changes = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    let end = this.#position;
    let slice: Rendered<T>[] = [];
    let sliceBytes = 0;
    for (const change of changes) {
      const shown = shownTo(this.#selection, change);
      if (shown !== null) {
        const payload = this.#render(shown);
        if (payload === null) {
          this.#pass(slice, end);
          slice = [];
          this.leave();
        } else {
          slice.push({ revision: change.revision, payload });
          sliceBytes += changeBytes(change);
        }
      }
      end = change.revision;
      if (sliceBytes <= maxSliceBytes) continue;
      this.#pass(slice, end);
      slice = [];
      sliceBytes = 0;
    }
    this.#pass(slice, end);
  }

  /** Sends every member to the log, for what comes after what it has. */
  leave(): void {
    for (const member of this.members) member.fallBehind(this.#position);
  }

  /** Null where the members must render for themselves. */
  #render(change: ShownChange): T | null {
    if (this.members.size === 0) return null;
    try {
      return this.#rendering?.render(change) ?? null;
    } catch {
      // Each member reports what is wrong with it.
      return null;
    }
  }

  /** @param end with the slice, the members have everything up to here */
  #pass(slice: readonly Rendered<T>[], end: bigint): void {
    if (slice.length > 0) {
      for (const member of this.members) {
        if (member.isFull) member.fallBehind(this.#position);
        else member.take(slice);
      }
    }
    this.#position = end;
  }
}
