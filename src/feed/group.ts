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

/** The bytes of changes that one step selects, renders and passes on: a commit can be large, and a member can be slow. */
const maxStepBytes = 128 * 1024;
/** The payloads that one step passes to members, in total. */
const maxStepSends = 8_192;
/** The bytes that can wait when the next changes arrive. With more, the members read the log at their own pace instead. */
const maxPendingBytes = 4 * 1024 * 1024;
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

  /** Accepts the user's next changes, which `deliverSome` then passes on. */
  offer(changes: readonly Change[]): void {
    if (this.#pendingBytes > maxPendingBytes) return this.leave();
    for (const change of changes) {
      this.#pending.push(change);
      this.#pendingBytes += changeBytes(change);
    }
  }

  /**
   * Passes on some of the pending changes, at least one. Members that cannot accept them leave the group, and read the
   * log.
   * @returns whether further changes are pending
   */
  deliverSome(): boolean {
    const slice: Rendered<T>[] = [];
    let end = this.#position;
    let count = 0;
    let bytes = 0;
    const maxPayloads = maxStepSends / this.members.size;
    while (count < this.#pending.length && bytes <= maxStepBytes && slice.length < maxPayloads) {
      const change = this.#pending[count] as Change;
      const shown = shownTo(this.#selection, change);
      if (shown !== null) {
        const payload = this.#render(shown);
        if (payload === null) {
          this.#pass(slice, end);
          this.leave();
          return false;
        }
        slice.push({ revision: change.revision, payload });
      }
      end = change.revision;
      bytes += changeBytes(change);
      count++;
    }
    this.#pending.splice(0, count);
    this.#pendingBytes -= bytes;
    this.#pass(slice, end);
    if (this.members.size === 0) this.#forgetPending();
    return this.#pending.length > 0;
  }

  /** Makes every member leave the group, and read the later changes from the log. */
  leave(): void {
    this.#forgetPending();
    for (const member of this.members) member.fallBehind(this.#position);
  }

  #forgetPending(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
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
