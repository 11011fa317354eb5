import { nextTurn } from "../event-loop.ts";
import type { Database, PageBounds } from "../store/contract.ts";
import type { Change, Selection } from "../store/model/change.ts";
import { everything } from "../store/model/text-match.ts";
import { EntryWaits } from "./entry-waits.ts";
import { Group } from "./group.ts";
import type { QueueBounds } from "./event-queue.ts";
import type { Member } from "./member.ts";
import { RecentChanges } from "./recent-changes.ts";

export interface TailOptions {
  readonly source: Pick<Database, "readLog">;
  /** The largest page of other instances' changes that one read returns. */
  readonly pageBounds: PageBounds;
  /** How many of the offered changes are kept in memory, for subscribers that have nearly caught up. */
  readonly recentBounds: QueueBounds;
  /** Called when a read failed. The next notice of a head tries again. */
  readonly onError: (error: unknown) => void;
}

/** A follower of a log: a subscription, or a wait for an entry. */
export interface Follower {
  readonly kind: "subscription" | "wait";
  /** The agent of its caller; null if it gave no agent name. */
  readonly agent: string | null;
  /** The part of the log that it follows. */
  readonly selection: Selection;
  /** The revision up to which it has read the log; null unless it is catching up. */
  readonly reached: bigint | null;
  close(): void;
  /** Sends a bookmark to the subscriber, if it requests bookmarks. */
  bookmark?(): void;
}

/** Counts of the followers. */
export interface FollowerCounts {
  readonly subscriptions: number;
  /** The subscriptions that are catching up. */
  readonly catchingUp: number;
  readonly waits: number;
  /** The number of revisions that the slowest subscription is behind its user's log. */
  readonly maxLag: bigint;
}

/** How long a delivery can hold the event loop, plus the time of one step of a group. */
const maxTurnMs = 10;
const wholeLog: Selection = { namespaces: [everything], keys: everything };

/**
 * The end of one user's log, passed to its followers on this instance without a gap:
 *
 * 1. This instance publishes its commits here. If the first change is the next in order, the changes are offered from
 *    memory.
 * 2. A gap means that another instance wrote. The missing range is read from the log, once for all followers.
 * 3. While no follower is live, nothing is read: a follower that joins has read up to the position.
 */
export class Tail {
  readonly followers = new Set<Follower>();
  readonly waits: EntryWaits;
  readonly #userId: string;
  readonly #options: TailOptions;
  /** The groups by selection and rendering; several for one key if there are many members. */
  readonly #groups = new Map<string, Group<never>[]>();
  /** Everything up to here was offered to the live followers; null before the position is known. */
  #position: bigint | null = null;
  /** The log is known to reach at least this far. */
  #head = 0n;
  #isReading = false;
  /** The epoch of the last page that was read; null before the first. */
  #epoch: string | null = null;
  /** Groups with offered changes that are not delivered yet, the longest waiting first. */
  readonly #due = new Set<Group<never>>();
  /** Whether another turn is scheduled to deliver to them. */
  #hasTurn = false;
  readonly #recent: RecentChanges;
  readonly #onEmpty: () => void;

  constructor(userId: string, options: TailOptions, onEmpty: () => void) {
    this.#userId = userId;
    this.waits = new EntryWaits(userId);
    this.#options = options;
    this.#recent = new RecentChanges(options.recentBounds);
    this.#onEmpty = onEmpty;
  }

  /** Adds the followers of this log to the counts. */
  count(counts: FollowerCounts): FollowerCounts {
    let { subscriptions, catchingUp, waits, maxLag } = counts;
    for (const follower of this.followers) {
      if (follower.kind === "wait") waits++;
      else subscriptions++;
      if (follower.reached === null) continue;
      catchingUp++;
      const lag = this.lagOf(follower);
      if (lag > maxLag) maxLag = lag;
    }
    return { subscriptions, catchingUp, waits, maxLag };
  }

  /** The number of revisions that a follower is behind; 0 if it is up to date. */
  lagOf({ reached }: Follower): bigint {
    return reached === null || reached > this.#head ? 0n : this.#head - reached;
  }

  /** Removes a follower. */
  detach(follower: Follower): void {
    this.followers.delete(follower);
    if (this.followers.size === 0) this.#onEmpty();
  }

  /** Returns the changes offered after a revision, none if it has reached the position; null if they are not kept. */
  since(revision: bigint): readonly Change[] | null {
    return this.#position === null ? [] : this.#recent.since(revision, this.#position);
  }

  /** Makes a member live that has received everything up to `through`, which is at or after the position. */
  join<T>(member: Member<T>, through: bigint): Group<T> {
    this.startAt(through);
    const key = groupKey(member);
    const groups = (this.#groups.get(key) ?? []) as unknown as Group<T>[];
    let group = groups.find(({ hasRoom }) => hasRoom);
    if (!group) {
      group = new Group<T>(member.selection, member.rendering, this.#position ?? through);
      this.#groups.set(key, [...groups, group] as unknown as Group<never>[]);
    }
    group.members.add(member);
    // The other live followers may not have received it yet.
    this.noticeHead(through);
    return group;
  }

  leave<T>(member: Member<T>, group: Group<T>): void {
    group.members.delete(member);
    if (group.members.size > 0) return;
    const key = groupKey(member);
    const others = (this.#groups.get(key) ?? []).filter((other) => other !== (group as unknown));
    if (others.length > 0) this.#groups.set(key, others);
    else this.#groups.delete(key);
  }

  /** Starts at a position, unless a later one is known or a follower is live. */
  startAt(position: bigint): void {
    if (this.#position === null || !this.#isFollowed) this.#skipTo(position);
  }

  /** Receives the changes that this instance committed, consecutive among themselves. */
  publish(changes: readonly Change[]): void {
    const [first] = changes;
    const last = changes.at(-1);
    if (!first || !last) return;
    if (!this.#isFollowed) return this.#skipTo(last.revision);
    const position = this.#position ?? first.revision - 1n;
    const isNext = !this.#isReading && first.revision <= position + 1n;
    if (!isNext) return this.noticeHead(last.revision);
    this.#offer(
      first.revision > position ? changes : changes.filter((change) => change.revision > position),
    );
  }

  /** Receives the head of the log, which includes the writes of other instances. */
  noticeHead(head: bigint): void {
    if (!this.#isFollowed || this.#position === null) return this.#skipTo(head);
    if (head > this.#head) this.#head = head;
    if (!this.#isReading && this.#head > this.#position) void this.#read();
  }

  get #isFollowed(): boolean {
    return this.#groups.size > 0 || this.waits.isWaiting;
  }

  #skipTo(position: bigint): void {
    if (this.#position === null || position > this.#position) this.#position = position;
    if (position > this.#head) this.#head = position;
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#isFollowed && (this.#position ?? 0n) < this.#head) await this.#readPage();
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #readPage(): Promise<void> {
    const noticed = this.#head;
    const position = this.#position ?? 0n;
    const page = await this.#options.source.readLog(
      { userId: this.#userId, selection: wholeLog, after: position },
      this.#options.pageBounds,
    );
    // No follower was live for a while, and the current ones have read further.
    if (this.#position !== position) return;
    // The noticed head can be from another database, or from before a backup was restored.
    if (this.#head === noticed) this.#head = page.head;
    const isOtherHistory = this.#epoch !== null && this.#epoch !== page.epoch;
    this.#epoch = page.epoch;
    if (page.compacted > position || isOtherHistory) {
      this.beginAgain();
      this.#skipTo(page.head);
    } else {
      this.#offer(page.changes);
      this.#position = page.through;
    }
  }

  /** Makes all followers read from the log, because the next changes are not known here. */
  beginAgain(): void {
    for (const group of this.#allGroups()) group.leave();
    this.waits.askAgain();
    this.#position = null;
    this.#head = 0n;
  }

  #offer(changes: readonly Change[]): void {
    const last = changes.at(-1);
    if (!last) return;
    // Set the position first: members that leave or join compare with it.
    this.#position = last.revision;
    this.#recent.add(changes);
    if (last.revision > this.#head) this.#head = last.revision;
    for (const group of this.#allGroups()) {
      group.offer(changes);
      this.#due.add(group);
    }
    this.waits.offer(changes);
    if (!this.#hasTurn) this.#deliver();
  }

  /** Delivers to one group after the other, a step each, and pauses when other users have waited long enough. */
  #deliver(): void {
    const begin = performance.now();
    this.#hasTurn = false;
    for (const group of this.#due) {
      if (performance.now() - begin > maxTurnMs) {
        this.#hasTurn = true;
        void nextTurn(this.#userId).then(() => this.#deliver());
        return;
      }
      this.#due.delete(group);
      if (group.deliverSome()) this.#due.add(group);
    }
  }

  #allGroups(): Group<never>[] {
    return [...this.#groups.values()].flat();
  }
}

/** Members with equal keys receive equal payloads. */
function groupKey({
  selection: { namespaces, keys, where },
  rendering,
}: Pick<Member, "selection" | "rendering">): string {
  return JSON.stringify([namespaces, keys, where?.id ?? null, rendering?.key ?? null]);
}
