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
  /** How much of what others wrote one read takes. */
  readonly pageBounds: PageBounds;
  /** How much of what was offered last is kept, for those who have read almost everything. */
  readonly recentBounds: QueueBounds;
  /** A read has failed. The next notice of a head tries again. */
  readonly onError: (error: unknown) => void;
}

/** Who follows a log here: a subscription, or a wait for an entry. */
export interface Follower {
  readonly kind: "subscription" | "wait";
  /** The revision up to which it has read the log; null unless it reads the log because it is behind. */
  readonly reached: bigint | null;
  close(): void;
  /** Tells its subscriber how far the log has been followed, if that was asked for. */
  bookmark?(): void;
}

/** Who follows the logs, counted. */
export interface FollowerCounts {
  readonly subscriptions: number;
  /** Those of them that read from the log. */
  readonly catchingUp: number;
  readonly waits: number;
  /** Revisions that the slowest subscription is behind its user's log. */
  readonly maxLag: bigint;
}

/** How long a delivery may hold up the event loop, plus one group. */
const maxTurnMs = 10;
const wholeLog: Selection = { namespaces: [everything], keys: everything };

/**
 * The end of one user's log, brought to those who follow it here, without a hole.
 *
 * 1. What this instance commits is published here. If it is the next in line, it is offered from memory.
 * 2. A jump means that another instance wrote. The missing range is then read from the log, once for all.
 * 3. While nobody is live, nothing is read: whoever joins has read up to the position.
 */
export class Tail {
  readonly followers = new Set<Follower>();
  readonly waits: EntryWaits;
  readonly #userId: string;
  readonly #options: TailOptions;
  /** By what they want; several where there are many members. */
  readonly #groups = new Map<string, Group<never>[]>();
  /** Everything up to here was offered to those who are live; null before anything is known. */
  #position: bigint | null = null;
  /** The log is known to reach at least this far. */
  #head = 0n;
  #isReading = false;
  /** The history of the last page that was read; null before the first. */
  #epoch: string | null = null;
  /** Groups to which something was offered that is not delivered, the longest waiting first. */
  readonly #due = new Set<Group<never>>();
  /** Whether they will have another turn. */
  #hasTurn = false;
  readonly #recent: RecentChanges;
  readonly #onEmpty: () => void;

  constructor(userId: string, options: TailOptions, onEmpty: () => void) {
    this.#userId = userId;
    this.waits = new EntryWaits();
    this.#options = options;
    this.#recent = new RecentChanges(options.recentBounds);
    this.#onEmpty = onEmpty;
  }

  /** Adds those who follow this log. */
  count(counts: FollowerCounts): FollowerCounts {
    let { subscriptions, catchingUp, waits, maxLag } = counts;
    for (const { kind, reached } of this.followers) {
      if (kind === "wait") waits++;
      else subscriptions++;
      if (reached === null) continue;
      catchingUp++;
      if (this.#head - reached > maxLag) maxLag = this.#head - reached;
    }
    return { subscriptions, catchingUp, waits, maxLag };
  }

  /** Someone no longer follows. */
  detach(follower: Follower): void {
    this.followers.delete(follower);
    if (this.followers.size === 0) this.#onEmpty();
  }

  /** What was offered after a revision: nothing for one that is not earlier than the position; null if it is not kept. */
  since(revision: bigint): readonly Change[] | null {
    return this.#position === null ? [] : this.#recent.since(revision, this.#position);
  }

  /** Makes a member live that has everything up to `through`, which is not earlier than the position. */
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
    // Others who are live may not have it yet.
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

  /** Begins here, unless something later is known or someone is live. */
  startAt(position: bigint): void {
    if (this.#position === null || !this.#isFollowed) this.#skipTo(position);
  }

  /** Takes what this instance committed, consecutive among themselves. */
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

  /** Takes where the log ends, from whoever looked: others may have written. */
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
    // Nobody was live for a while, and those who are now have read further.
    if (this.#position !== position) return;
    // What was noticed may have been another database's, or of a time before a backup was restored.
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

  /** What comes next is not known here: who follows reads it from the log. */
  beginAgain(): void {
    for (const group of this.#allGroups()) {
      group.deliver();
      group.leave();
    }
    this.waits.askAgain();
    this.#position = null;
    this.#head = 0n;
  }

  #offer(changes: readonly Change[]): void {
    const last = changes.at(-1);
    if (!last) return;
    // First of all: who leaves, or joins, compares with it.
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

  /** Group by group, until others have waited long enough for their turn. */
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
      group.deliver();
    }
  }

  #allGroups(): Group<never>[] {
    return [...this.#groups.values()].flat();
  }
}

/** Members with equal keys get equal payloads. */
function groupKey({
  selection: { namespaces, keys, where },
  rendering,
}: Pick<Member, "selection" | "rendering">): string {
  return JSON.stringify([namespaces, keys, where?.id ?? null, rendering?.key ?? null]);
}
