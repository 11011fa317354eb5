import {
  changeBytes,
  shownTo,
  type Change,
  type Selection,
  type ShownChange,
} from "../store/model/change.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { Member } from "./member.ts";

/** A rendering that all subscribers with the same key and the same selection share. */
export interface SharedRendering<T> {
  /** Renderings with equal keys return equal payloads for equal events. */
  readonly key: string;
  /** Throws if the event cannot be rendered for all of them together. */
  render(event: FeedEvent): T;
}

interface Rendered<T> {
  readonly revision: bigint;
  readonly payload: T;
}

/** The bytes to render before they are passed on: a commit can be large, and a member can be slow. */
const maxSliceBytes = 128 * 1024;
/** The bytes that can wait for a turn. With more, the group delivers immediately, which slows down the writers. */
const maxPendingBytes = 1024 * 1024;
const maxMembers = 250;

/**
 * Live subscribers that receive the same changes as the same payloads, so that each change is rendered once for all of
 * them. The number of members is bounded, so that one delivery does not delay others for long. Further subscribers join
 * another group.
 */
export class Group<T = unknown> {
  readonly members = new Set<Member<T>>();
  readonly #selection: Selection;
  /** Null if each member renders for itself. */
  readonly #rendering: SharedRendering<T> | null;
  /** The members have received every matching change up to here. */
  #position: bigint;
  /** The next changes to deliver, without a gap. */
  #pending: Change[] = [];
  #pendingBytes = 0;

  constructor(selection: Selection, rendering: SharedRendering<T> | null, position: bigint) {
    this.#selection = selection;
    this.#rendering = rendering;
    this.#position = position;
  }

  /** The members have received every matching change up to here. */
  get position(): bigint {
    return this.#position;
  }

  get hasRoom(): boolean {
    return this.members.size < maxMembers;
  }

  /** Accepts the user's next changes, which `deliver` then passes on. */
  offer(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#pending.push(change);
      this.#pendingBytes += changeBytes(change);
    }
    if (this.#pendingBytes > maxPendingBytes) this.deliver();
  }

  /** Passes on the pending changes. Members that cannot accept them leave the group, and read the log. */
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

  /** Makes every member leave the group, and read the later changes from the log. */
  leave(): void {
    for (const member of this.members) member.fallBehind(this.#position);
  }

  /** Returns null if the members must render for themselves. */
  #render(change: ShownChange): T | null {
    if (this.members.size === 0) return null;
    try {
      return this.#rendering?.render(change) ?? null;
    } catch {
      // Each member renders the event again and reports the error.
      return null;
    }
  }

  /** @param end the members have received every matching change up to here, with this slice */
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
