import type { Change } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";
import { placeId, type Place } from "../store/model/place.ts";
import { failWhenEnded, forgetEnding } from "./ending.ts";
import type { Hub } from "./hub.ts";
import type { Follower, Tail } from "./tail.ts";

/** The waits for entries of one user, found by their place: a change costs the same however many wait for others. */
export class EntryWaits {
  readonly #waits = new Map<string, Set<EntryWait>>();

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
      for (const wait of this.#waits.get(placeId(entry)) ?? []) wait.offer(entry, revision);
    }
  }

  /** Some changes will not be offered. */
  askAgain(): void {
    for (const waits of this.#waits.values()) {
      for (const wait of waits) wait.askAgain();
    }
  }
}

/** What a wait came to. */
export type WaitNews =
  /** It was written, and stays. */
  | { readonly kind: "entry"; readonly entry: Entry }
  /** It was written, perhaps: only the database knows whether it is still there. */
  | { readonly kind: "ask" }
  /** The time is over, or the caller is gone. */
  | { readonly kind: "over" }
  | { readonly kind: "stopping" }
  | { readonly kind: "failed"; readonly reason: unknown };

/** One wait for one entry. Nothing that is published after it was made is missed. */
export class EntryWait implements Follower {
  readonly kind = "wait";
  readonly reached = null;
  readonly place: Place;
  readonly #ended: AbortSignal;
  readonly #tail: Tail;
  /** Only a later change counts: what the log held before is in what was read. */
  #head = 0n;
  #news: WaitNews | null = null;
  #isOver = false;
  #wake: (() => void) | null = null;

  constructor(hub: Hub, userId: string, place: Place, ended: AbortSignal) {
    this.place = place;
    this.#ended = ended;
    this.#tail = hub.attach(userId, this);
    this.#tail.waits.add(this);
    failWhenEnded(ended, this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Says where the log ends before the entry is read. */
  beginAt(head: bigint): void {
    this.#head = head;
    this.#tail.startAt(head);
  }

  offer(entry: Entry, revision: bigint): void {
    if (revision <= this.#head) return;
    // It may have taken longer to get here than the entry lives.
    this.#tell(entry.expiresAt === null ? { kind: "entry", entry } : { kind: "ask" });
  }

  askAgain(): void {
    this.#tell({ kind: "ask" });
  }

  /** Before the entry is read: what was told until now is in it. */
  reset(): void {
    if (!this.#isOver) this.#news = null;
  }

  /** What happened since, as soon as something did. */
  async news(): Promise<WaitNews> {
    while (this.#news === null) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#news;
  }

  /** The time is over, or the caller is gone. */
  end(): void {
    this.#finish({ kind: "over" });
  }

  /** The server stops. */
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
    this.#news = null;
    this.#tell(news);
  }

  /** The first news counts. */
  #tell(news: WaitNews): void {
    this.#news ??= news;
    this.#wake?.();
    this.#wake = null;
  }
}
