import { nextTurn } from "../event-loop.ts";
import type { Change, Selection } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";
import { placeId, type Place } from "../store/model/place.ts";
import { exact } from "../store/model/text-match.ts";
import { failWhenEnded, forgetEnding } from "./ending.ts";
import type { Hub } from "./hub.ts";
import type { Follower, Tail } from "./tail.ts";

/** The waits for entries of one user, indexed by place: a change costs the same regardless of other waits. */
export class EntryWaits {
  readonly #userId: string;
  readonly #waits = new Map<string, Set<EntryWait>>();

  constructor(userId: string) {
    this.#userId = userId;
  }

  get isWaiting(): boolean {
    return this.#waits.size > 0;
  }

  add(wait: EntryWait): void {
    const id = placeId(wait.place);
    const waits = this.#waits.get(id);
    if (waits) waits.add(wait);
    else this.#waits.set(id, new Set([wait]));
  }

  remove(wait: EntryWait): void {
    const id = placeId(wait.place);
    const waits = this.#waits.get(id);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waits.delete(id);
  }

  offer(changes: readonly Change[]): void {
    for (const { entry, revision } of changes) {
      if (!entry) continue;
      const waits = this.#waits.get(placeId(entry));
      if (!waits) continue;
      for (const wait of waits) wait.offer(entry, revision);
      this.#wake(waits);
    }
  }

  /** Makes all waits read their entries, because some changes will not be offered. */
  askAgain(): void {
    for (const waits of this.#waits.values()) {
      for (const wait of waits) wait.askAgain();
      this.#wake(waits);
    }
  }

  /** Each wait has its own response, which can be large: the first is woken now, and the others in turns. */
  #wake(waits: Iterable<EntryWait>): void {
    const [first, ...others] = waits;
    first?.wake();
    for (const wait of others) void nextTurn(this.#userId).then(() => wait.wake());
  }
}

/** Why a wait wakes up. */
export type WaitNews =
  /** The entry was written, and has no expiry. */
  | { readonly kind: "entry"; readonly entry: Entry }
  /** The entry may have been written, and can have expired: read it again. */
  | { readonly kind: "ask" }
  /** The timeout has passed, or the caller has disconnected. */
  | { readonly kind: "over" }
  | { readonly kind: "stopping" }
  | { readonly kind: "failed"; readonly reason: unknown };

export interface EntryWaitOptions {
  readonly userId: string;
  /** The agent of the caller; null if it gave no agent name. */
  readonly agent: string | null;
  readonly place: Place;
  /** The wait ends with this signal's error when the session does. */
  readonly ended: AbortSignal;
}

/** One wait for one entry. It misses no change that is published after its creation. */
export class EntryWait implements Follower {
  readonly kind = "wait";
  readonly reached = null;
  readonly place: Place;
  readonly agent: string | null;
  readonly #ended: AbortSignal;
  readonly #tail: Tail;
  /** Only a later change counts: the entry as read includes the changes up to here. */
  #head = 0n;
  #news: WaitNews | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;

  constructor(hub: Hub, { userId, agent, place, ended }: EntryWaitOptions) {
    this.place = place;
    this.agent = agent;
    this.#ended = ended;
    this.#tail = hub.attach(userId, this);
    this.#tail.waits.add(this);
    failWhenEnded(ended, userId, this);
  }

  get selection(): Selection {
    return { namespaces: [exact(this.place.namespace)], keys: exact(this.place.key) };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sets the end of the log, before the entry is read. */
  beginAt(head: bigint): void {
    this.#head = head;
    this.#tail.startAt(head);
  }

  /** Receives a change of the entry. It continues after `wake`. */
  offer(entry: Entry, revision: bigint): void {
    if (revision <= this.#head) return;
    // An entry with an expiry can have expired before it arrives here.
    this.#news ??= entry.expiresAt === null ? { kind: "entry", entry } : { kind: "ask" };
  }

  /** Makes it read the entry. It continues after `wake`. */
  askAgain(): void {
    this.#news ??= { kind: "ask" };
  }

  /** Continues, if there is news. Only the first news counts. */
  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** Forgets earlier news, before the entry is read: the read includes them. */
  reset(): void {
    if (!this.#isOver) this.#news = null;
  }

  /** Waits for the next news. */
  async news(): Promise<WaitNews> {
    while (this.#news === null) await new Promise<void>((resolve) => (this.#wake = resolve));
    // An entry that was written after the session's end can arrive before the wait has failed.
    if (this.#ended.aborted) return { kind: "failed", reason: this.#ended.reason };
    return this.#news;
  }

  /** Ends the wait at the timeout, or when the caller has disconnected. */
  end(): void {
    this.#finish({ kind: "over" });
  }

  /** Ends the wait when the server stops. */
  close(): void {
    this.#finish({ kind: "stopping" });
  }

  fail(reason: unknown): void {
    this.#finish({ kind: "failed", reason });
  }

  #finish(news: WaitNews): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tail.waits.remove(this);
    this.#tail.detach(this);
    forgetEnding(this.#ended, this);
    this.#news = news;
    this.wake();
  }
}
