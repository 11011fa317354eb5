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

/** A user that has waiting commands, or is in a transaction. */
interface User {
  queue: Waiting[];
  isInTransaction: boolean;
  /** Whether another instance had locked the user's log when a transaction needed it. */
  isLocked: boolean;
}

/** Whether the next transaction of a user is not one of a group. */
function isNextAlone({ queue: [next], isLocked }: User): boolean {
  return next !== undefined && (next.isLarge || isLocked);
}

/**
 * Waiting commands, in a queue for each user. A user's commands keep their order, and users take turns.
 *
 * A user is in at most one transaction at a time. Usually that is one of a group of users. A user is alone in it if the
 * next command is large, or if another instance has locked the user's log.
 */
export class WaitingCommands {
  /** The user that was served last is at the end. */
  #users = new Map<string, User>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(waiting: Waiting): void {
    const user = this.#user(waiting.command.userId);
    user.queue.push(waiting);
    this.#count++;
    this.#bytes += waiting.bytes;
  }

  /** Begins a transaction of a group: returns the users whose turn it is, sorted by id. */
  beginGroup(maxUsers: number): readonly string[] {
    const userIds: string[] = [];
    for (const [userId, user] of this.#users) {
      if (user.isInTransaction || isNextAlone(user)) continue;
      user.isInTransaction = true;
      if (userIds.push(userId) === maxUsers) break;
    }
    return userIds.sort();
  }

  /** Whether a user's turn is alone, apart from users in a transaction. */
  isAnyAlone(): boolean {
    return this.#nextAlone() !== null;
  }

  /** Begins a transaction of one user: returns the user whose turn it is; null if there is none. */
  beginAlone(): string | null {
    const next = this.#nextAlone();
    if (next === null) return null;
    const [userId, user] = next;
    user.isInTransaction = true;
    user.isLocked = false;
    return userId;
  }

  #nextAlone(): readonly [userId: string, user: User] | null {
    for (const next of this.#users) {
      const [, user] = next;
      if (!user.isInTransaction && isNextAlone(user)) return next;
    }
    return null;
  }

  /** Whether another instance had locked the log of a user who has waiting commands. */
  isLocked(userId: string): boolean {
    return this.#users.get(userId)?.isLocked ?? false;
  }

  /** Notes that another instance has locked the logs of these users. The next turn is that of other users. */
  foundLocked(userIds: readonly string[]): void {
    for (const userId of userIds) {
      this.#user(userId).isLocked = true;
      this.#moveToEnd(userId);
    }
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
    let turns: { user: User; next: number }[] = [];
    for (const [userId, user] of this.#users) if (wanted.has(userId)) turns.push({ user, next: 0 });
    const all = turns;
    while (turns.length > 0 && taken.length < maxCommands) {
      turns = turns.filter((turn) => {
        const waiting = turn.user.queue[turn.next];
        if (!waiting || taken.length === maxCommands) return false;
        const fits = !waiting.isLarge && bytes + waiting.bytes <= maxBytes;
        if (taken.length > 0 && !fits) return false;
        bytes += waiting.bytes;
        taken.push(waiting);
        turn.next++;
        return true;
      });
    }
    for (const { user, next } of all) if (next > 0) user.queue = user.queue.slice(next);
    this.#count -= taken.length;
    this.#bytes -= bytes;
    return taken;
  }

  /**
   * Ends a transaction. The users that it served are the last to be served again, after the users whose commands arrived
   * during the transaction. Postponed commands wait again, before the later ones of their users. A user of whom every
   * command was postponed is the first to be served.
   */
  end(
    userIds: readonly string[],
    servedIds: ReadonlySet<string>,
    postponed: readonly Waiting[],
  ): void {
    const again = new Map<string, Waiting[]>();
    for (const waiting of postponed) {
      const { userId } = waiting.command;
      const own = again.get(userId);
      if (own) own.push(waiting);
      else again.set(userId, [waiting]);
      this.#count++;
      this.#bytes += waiting.bytes;
    }
    const first = new Map<string, User>();
    for (const [userId, own] of again) {
      const user = this.#user(userId);
      user.queue = [...own, ...user.queue];
      if (!servedIds.has(userId)) first.set(userId, user);
    }
    for (const userId of userIds) {
      const user = this.#user(userId);
      user.isInTransaction = false;
      if (user.queue.length === 0) this.#users.delete(userId);
      else if (servedIds.has(userId)) this.#moveToEnd(userId);
    }
    // A Map keeps the place of a key that is set again.
    if (first.size > 0) this.#users = new Map([...first, ...this.#users]);
  }

  /** Takes the commands that were submitted before this time. */
  takeOlderThan(time: number): Waiting[] {
    const taken: Waiting[] = [];
    for (const [userId, user] of this.#users) {
      if ((user.queue[0]?.since ?? time) >= time) continue;
      const firstFresh = user.queue.findIndex(({ since }) => since >= time);
      const count = firstFresh === -1 ? user.queue.length : firstFresh;
      taken.push(...user.queue.slice(0, count));
      user.queue = user.queue.slice(count);
      if (user.queue.length === 0 && !user.isInTransaction) this.#users.delete(userId);
    }
    this.#count -= taken.length;
    for (const { bytes } of taken) this.#bytes -= bytes;
    return taken;
  }

  #user(userId: string): User {
    let user = this.#users.get(userId);
    if (!user) {
      user = { queue: [], isInTransaction: false, isLocked: false };
      this.#users.set(userId, user);
    }
    return user;
  }

  #moveToEnd(userId: string): void {
    const user = this.#user(userId);
    this.#users.delete(userId);
    this.#users.set(userId, user);
  }
}
