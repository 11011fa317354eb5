import { changeBytes, selects, type Change, type Selection } from "../store/model/change.ts";
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

/** The live subscribers that want the same changes as the same payloads: each change is rendered once for all of them. */
export class Group<T = unknown> {
  readonly members = new Set<Member<T>>();
  readonly #selection: Selection;
  /** Null where each member renders for itself. */
  readonly #rendering: SharedRendering<T> | null;

  constructor(selection: Selection, rendering: SharedRendering<T> | null) {
    this.#selection = selection;
    this.#rendering = rendering;
  }

  /**
   * Takes the user's changes after `from`, without a hole. The members then have everything up to the last of them;
   * those that can't take it leave, and read it from the log.
   */
  offer(changes: readonly Change[], from: bigint): void {
    let begin = from;
    let end = from;
    let slice: Rendered<T>[] = [];
    let sliceBytes = 0;
    for (const change of changes) {
      if (selects(this.#selection, change)) {
        const payload = this.#render(change);
        if (payload === null) {
          this.#deliver(slice, begin);
          return this.leave(end);
        }
        slice.push({ revision: change.revision, payload });
        sliceBytes += changeBytes(change);
      }
      end = change.revision;
      if (sliceBytes > maxSliceBytes) {
        this.#deliver(slice, begin);
        begin = end;
        slice = [];
        sliceBytes = 0;
      }
    }
    this.#deliver(slice, begin);
  }

  /** Sends every member to the log, for what comes after the position. */
  leave(position: bigint): void {
    for (const member of this.members) member.fallBehind(position);
  }

  #render(change: Change): T | null {
    if (this.members.size === 0) return null;
    try {
      return this.#rendering?.render(change) ?? null;
    } catch {
      // Each member renders it for itself, and reports what is wrong with it.
      return null;
    }
  }

  /** @param from the members have everything up to here */
  #deliver(slice: readonly Rendered<T>[], from: bigint): void {
    if (slice.length === 0) return;
    for (const member of this.members) {
      if (member.isFull) member.fallBehind(from);
      else member.take(slice);
    }
  }
}
