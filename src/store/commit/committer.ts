import { setImmediate as nextLoop, setTimeout as pause } from "node:timers/promises";
import { BatonError, DiskFull, RowRefused, unavailable } from "../../errors.ts";
import type { WriteAccess, WriteTransaction } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import { commandBytes, type Command, type CommandResult, type Outcome } from "./command.ts";
import { execute, type Committed } from "./execute.ts";
import { RecordAllowance } from "./record-allowance.ts";
import type { Effects } from "./state.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";
import { WaitingCommands, type Waiting } from "./waiting-commands.ts";

/** Receives what each transaction committed, by user, in commit order. */
type CommitListener = (
  committed: ReadonlyMap<string, Pick<Effects, "changes" | "claimed" | "claimEvents" | "head">>,
) => void;

export interface CommitObserver {
  committed(commands: number, durationMs: number): void;
  failed(): void;
}

export interface CommitterOptions {
  readonly database: WriteAccess;
  readonly limits: Limits;
  readonly onCommit: CommitListener;
  /** Receives the outcome of each transaction. */
  readonly observer?: CommitObserver | undefined;
}

/** The largest number of commands of one transaction. Their bytes are at most `maxTransactionBytes`. */
const maxBatchCommands = 256;
/** If more commands or bytes than this wait, new commands are refused. */
const maxWaitingCommands = 10_000;
const maxWaitingBytes = 128 * 1024 * 1024;
/** A command that waits longer than this for its transaction is refused, even if the database does not respond. */
const maxWaitMs = 10_000;
const staleCheckIntervalMs = 1_000;

/** The pause before a log that another instance had locked is tried again, if other users wait, too. */
const lockedPauseMs = 5;

/**
 * Group commit: many writers share the cost of one commit.
 *
 * 1. A submitted command waits. If no transaction of a group is open, one begins.
 * 2. The transaction locks the logs of the users that have waiting commands. More commands can arrive until the locks
 *    are held.
 * 3. It takes the commands of these users in turns, at most `maxBatchCommands` and `maxTransactionBytes`, decides each
 *    one separately, and commits. A refused command fails alone.
 * 4. The committed changes are published, and then each caller gets its result.
 * 5. A command that did not fit into the transaction is postponed: it waits again, before the user's later ones.
 *
 * Two transactions run at a time: one of a group, which is short, and one of a single user, which can be long. The second
 * one is for commands that exceed a group's limits, and for a log that another instance has locked. So no user waits for
 * another user's large command (G14).
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #records: RecordAllowance;
  readonly #staleCheck = setInterval(() => this.#checkStale(), staleCheckIntervalMs).unref();
  readonly #waiting = new WaitingCommands();
  #groups: Promise<void> | null = null;
  #single: Promise<void> | null = null;
  #closed = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#records = new RecordAllowance(options.limits.maxKeyedWritesPerDay);
  }

  /**
   * Submits a command, and resolves when it is committed and published.
   * @throws BatonError if it is refused; UNAVAILABLE if it could not be committed
   */
  submit(command: Command): Promise<CommandResult> {
    if (this.#closed)
      return Promise.reject(unavailable("The server is stopping; nothing was written."));
    const bytes = commandBytes(command);
    if (
      this.#waiting.count >= maxWaitingCommands ||
      this.#waiting.bytes + bytes > maxWaitingBytes
    ) {
      return Promise.reject(
        unavailable(
          "Too many writes are waiting for the database; nothing was written. Try again.",
        ),
      );
    }
    const isLarge = bytes > maxTransactionBytes;
    return new Promise((resolve, reject) => {
      const since = performance.now();
      this.#waiting.add({ command, bytes, isLarge, since, resolve, reject });
      if (isLarge) this.#startSingle();
      this.#startGroups();
    });
  }

  /** Accepts no more commands, and waits for those that were submitted. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#groups ?? this.#single) await Promise.all([this.#groups, this.#single]);
    clearInterval(this.#staleCheck);
  }

  #startGroups(): void {
    this.#groups ??= this.#runGroups();
  }

  #startSingle(): void {
    this.#single ??= this.#runSingle();
  }

  async #runGroups(): Promise<void> {
    // Wait one turn of the event loop, so that commands that arrived together are committed together.
    await nextLoop();
    try {
      for (;;) {
        this.#refuseStale();
        const userIds = this.#waiting.beginGroup(maxBatchCommands);
        if (userIds.length === 0) return;
        await this.#transact(userIds, false);
        if (this.#waiting.isAnyAlone()) this.#startSingle();
      }
    } finally {
      this.#groups = null;
    }
  }

  async #runSingle(): Promise<void> {
    await nextLoop();
    try {
      for (;;) {
        this.#refuseStale();
        const userId = this.#waiting.beginAlone();
        if (userId === null) return;
        await this.#transact([userId], true);
        this.#startGroups();
        if (this.#waiting.isLocked(userId)) await pause(lockedPauseMs);
      }
    } finally {
      this.#single = null;
    }
  }

  #refuseStale(): void {
    for (const { reject } of this.#waiting.takeOlderThan(performance.now() - maxWaitMs)) {
      reject(
        unavailable("The database did not accept writes in time; nothing was written. Try again."),
      );
    }
  }

  #checkStale(): void {
    if (this.#waiting.count === 0) return;
    this.#refuseStale();
    // A small command can be the next one of its user now.
    this.#startGroups();
  }

  /** Runs one transaction. It takes its commands when it holds the locks. */
  async #transact(userIds: readonly string[], isAlone: boolean): Promise<void> {
    const served = new Set<string>();
    const postponed: Waiting[] = [];
    const settle = (batch: readonly Waiting[], { effects, outcomes, recorded }: Committed) => {
      this.#records.spend(recorded);
      if (effects.size > 0) this.#options.onCommit(effects);
      batch.forEach((waiting, index) => {
        const outcome = outcomes[index] as Outcome;
        if ("postponed" in outcome) {
          waiting.isLarge ||= outcome.postponed === "large";
          postponed.push(waiting);
          return;
        }
        served.add(waiting.command.userId);
        if ("result" in outcome) waiting.resolve(outcome.result);
        else waiting.reject(outcome.refusal);
      });
    };
    try {
      await this.#commit({ userIds, isAlone }, settle);
    } finally {
      this.#waiting.end(userIds, served, postponed);
    }
  }

  async #commit(members: Members, settle: Settle): Promise<void> {
    const { observer } = this.#options;
    const begin = performance.now();
    let taken: Waiting[] | null = null;
    // `work` can run twice. The second time, it has the same commands.
    const take = (userIds: readonly string[]) =>
      (taken ??= this.#waiting.take(userIds, maxBatchCommands, maxTransactionBytes));
    let committed: Committed;
    try {
      // A group never waits for another instance. A single user does, unless other single users wait.
      const isOnlyUnlocked = !members.isAlone || this.#waiting.isAnyAlone();
      committed = await this.#write(members, take, isOnlyUnlocked);
    } catch (error) {
      observer?.failed();
      const failed = take(members.userIds);
      // After a full disk, nothing is stored, and the commands that remove data have room. After any other failure,
      // the batch may be stored, so it must not run again.
      return error instanceof DiskFull
        ? this.#retry(members, failed, settle)
        : this.#fail(members, failed, error, settle);
    }
    observer?.committed(committed.outcomes.length, performance.now() - begin);
    settle(taken ?? [], committed);
  }

  #write(
    { userIds, isAlone }: Members,
    take: (userIds: readonly string[]) => readonly Waiting[],
    isOnlyUnlocked = false,
  ): Promise<Committed> {
    const { database, limits } = this.#options;
    const records = this.#records;
    const work = (transaction: WriteTransaction) => {
      if (transaction.userIds.length < userIds.length) {
        const locked = new Set(transaction.userIds);
        this.#waiting.foundLocked(userIds.filter((userId) => !locked.has(userId)));
      }
      const commands = take(transaction.userIds).map(({ command }) => command);
      const { isDiskLow, isDiskVeryLow } = database;
      const bounds = { limits, isDiskLow, isDiskVeryLow, isAlone, records };
      return execute(transaction, bounds, commands);
    };
    return isAlone
      ? database.writeAlone(userIds[0] as string, work, isOnlyUnlocked)
      : database.write(userIds, work, isOnlyUnlocked);
  }

  async #retry(members: Members, batch: readonly Waiting[], settle: Settle): Promise<void> {
    try {
      settle(batch, await this.#write(members, () => batch));
    } catch (error) {
      await this.#fail(members, batch, error, settle);
    }
  }

  /**
   * Handles a failed transaction. A `BatonError` is a failure of the database (`UNAVAILABLE`): every command of the
   * batch fails. Any other error, and a `RowRefused`, was caused by one command. To find it, each command is tried in a separate
   * transaction. After a command that is postponed, the later ones of its user are, too.
   */
  async #fail(
    members: Members,
    batch: readonly Waiting[],
    error: unknown,
    settle: Settle,
  ): Promise<void> {
    const isOfDatabase = error instanceof BatonError && !(error instanceof RowRefused);
    if (batch.length === 1 || isOfDatabase) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    const stopped = new Set<string>();
    for (const waiting of batch) {
      const { userId } = waiting.command;
      try {
        const committed = stopped.has(userId)
          ? nothingCommitted
          : await this.#write({ ...members, userIds: [userId] }, () => [waiting]);
        if (committed.outcomes.some((outcome) => "postponed" in outcome)) stopped.add(userId);
        settle([waiting], committed);
      } catch (own) {
        waiting.reject(own);
      }
    }
  }
}

/** Publishes what was committed, and gives each caller the outcome. */
type Settle = (batch: readonly Waiting[], committed: Committed) => void;

/** The users of a transaction. */
interface Members {
  readonly userIds: readonly string[];
  /** Whether it is the transaction of one user, whose commands can be large. */
  readonly isAlone: boolean;
}

const nothingCommitted: Committed = {
  outcomes: [{ postponed: "full" }],
  effects: new Map(),
  recorded: new Map(),
};
