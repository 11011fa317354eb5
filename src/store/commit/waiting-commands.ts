import type { Command, CommandResult } from "./command.ts";

/** A submitted command that waits for a transaction. */
export interface Waiting {
  readonly command: Command;
  readonly bytes: number;
  /** Whether its transaction is for its user alone: see `maxTransactionBytes`. */
  isLarge: boolean;
  /** When it was submitted, on the clock of `performance`. */
  readonly since: number;
  resolve(result: CommandResult): void;
  reject(error: unknown): void;
}

/**
 * Waiting commands, in a queue for each user. A user's commands keep their order, and users take turns.
 *
 * A user is in at most one transaction at a time. Usually that is one of a group of users. A user is alone in it if the
 * next command is large, or if another instance has locked the user's log.
 */
export class WaitingCommands {
  /** By user; no queue is empty. The user that was served last is at the end. */
  #queues = new Map<string, Waiting[]>();
  /** The users in a transaction. */
  readonly #busy = new Set<string>();
  /** The users whose logs another instance has locked. */
  readonly #locked = new Set<string>();
  /** The users that are locked or have a large command, and some that no longer do. The user that was served last is at the end. */
  readonly #alone = new Set<string>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether some user may have to be alone in a transaction. */
  get hasAlone(): boolean {
    return this.#alone.size > 0;
  }

  add(waiting: Waiting): void {
    const { userId } = waiting.command;
    const queue = this.#queues.get(userId);
    if (queue) queue.push(waiting);
    else this.#queues.set(userId, [waiting]);
    if (waiting.isLarge) this.#alone.add(userId);
    this.#count++;
    this.#bytes += waiting.bytes;
  }

  /** Begins a transaction of a group: returns the users whose turn it is, sorted by id. */
  beginGroup(maxUsers: number): readonly string[] {
    const userIds: string[] = [];
    for (const [userId, queue] of this.#queues) {
      if (this.#busy.has(userId) || this.#isAlone(userId, queue)) continue;
      if (userIds.push(userId) === maxUsers) break;
    }
    for (const userId of userIds) this.#busy.add(userId);
    return userIds.sort();
  }

  /** Begins a transaction of one user: returns the user whose turn it is; null if there is none. */
  beginAlone(): string | null {
    for (const userId of this.#alone) {
      const queue = this.#queues.get(userId) ?? [];
      if (queue.length === 0) this.#locked.delete(userId);
      if (!this.#busy.has(userId) && this.#isAlone(userId, queue)) {
        this.#locked.delete(userId);
        // The next turn is that of another user.
        this.#alone.delete(userId);
        this.#alone.add(userId);
        this.#busy.add(userId);
        return userId;
      }
      if (!this.#locked.has(userId) && !queue.some(({ isLarge }) => isLarge)) {
        this.#alone.delete(userId);
      }
    }
    return null;
  }

  #isAlone(userId: string, [next]: readonly Waiting[]): boolean {
    return next !== undefined && (next.isLarge || this.#locked.has(userId));
  }

  /** Notes that another instance has locked the logs of these users. */
  foundLocked(userIds: readonly string[]): void {
    for (const userId of userIds) {
      this.#locked.add(userId);
      this.#alone.add(userId);
    }
  }

  /** Ends a transaction. */
  end(userIds: readonly string[]): void {
    for (const userId of userIds) this.#busy.delete(userId);
  }

  /**
   * Takes commands of users in a transaction:
   *
   * 1. In each round, take the next command of each user, in the order of the users' turns.
   * 2. If a command does not fit, its user takes no more part. The first command always fits.
   */
  take(userIds: readonly string[], maxCommands: number, maxBytes: number): Waiting[] {
    const wanted = new Set(userIds);
    const taken: Waiting[] = [];
    let bytes = 0;
    let turns: { userId: string; queue: Waiting[]; next: number }[] = [];
    for (const [userId, queue] of this.#queues) {
      if (wanted.has(userId)) turns.push({ userId, queue, next: 0 });
    }
    const users = turns;
    while (turns.length > 0 && taken.length < maxCommands) {
      turns = turns.filter((turn) => {
        const waiting = turn.queue[turn.next];
        if (!waiting || taken.length === maxCommands) return false;
        if (taken.length > 0 && (waiting.isLarge || bytes + waiting.bytes > maxBytes)) return false;
        bytes += waiting.bytes;
        taken.push(waiting);
        turn.next++;
        return true;
      });
    }
    for (const { userId, queue, next } of users) {
      if (next === queue.length) this.#queues.delete(userId);
      else if (next > 0) this.#queues.set(userId, queue.slice(next));
    }
    this.#count -= taken.length;
    this.#bytes -= bytes;
    return taken;
  }

  /**
   * Ends the turn of the users that a transaction served: they are the last to be served again, after the users whose
   * commands arrived during the transaction. Postponed commands wait again, before the later ones of their users. A user
   * of whom every command was postponed is the first to be served.
   */
  endTurn(servedIds: ReadonlySet<string>, postponed: readonly Waiting[]): void {
    const again = new Map<string, Waiting[]>();
    for (const waiting of postponed) {
      const { userId } = waiting.command;
      const own = again.get(userId);
      if (own) own.push(waiting);
      else again.set(userId, [waiting]);
      if (waiting.isLarge) this.#alone.add(userId);
      this.#count++;
      this.#bytes += waiting.bytes;
    }
    const first = new Map<string, Waiting[]>();
    for (const [userId, own] of again) {
      const queue = [...own, ...(this.#queues.get(userId) ?? [])];
      this.#queues.set(userId, queue);
      if (!servedIds.has(userId)) first.set(userId, queue);
    }
    for (const userId of servedIds) {
      const queue = this.#queues.get(userId);
      if (!queue) continue;
      this.#queues.delete(userId);
      this.#queues.set(userId, queue);
    }
    // A Map keeps the place of a key that is set again.
    if (first.size > 0) this.#queues = new Map([...first, ...this.#queues]);
  }

  /** Takes the commands that were submitted before this time. */
  takeOlderThan(time: number): Waiting[] {
    const taken: Waiting[] = [];
    for (const [userId, queue] of this.#queues) {
      if ((queue[0]?.since ?? time) >= time) continue;
      const fresh = queue.findIndex(({ since }) => since >= time);
      taken.push(...queue.splice(0, fresh === -1 ? queue.length : fresh));
      if (queue.length === 0) this.#queues.delete(userId);
    }
    this.#count -= taken.length;
    for (const { bytes } of taken) this.#bytes -= bytes;
    return taken;
  }
}
