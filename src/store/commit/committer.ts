import { BatonError, unavailable } from "../../errors.ts";
import type { WriteAccess } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import { commandBytes, type Command, type CommandResult, type Outcome } from "./command.ts";
import { execute, type Committed } from "./execute.ts";
import type { Effects } from "./state.ts";

/** Receives what each transaction committed, by user, in commit order. */
type CommitListener = (
  committed: ReadonlyMap<string, Pick<Effects, "changes" | "claimed" | "head">>,
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

/** The largest number of commands of one transaction, and of their bytes. */
const maxBatchCommands = 256;
const maxBatchBytes = 16 * 1024 * 1024;
/** If more commands or bytes than this wait, new commands are refused. */
const maxWaitingCommands = 10_000;
const maxWaitingBytes = 128 * 1024 * 1024;
/** A command that waits longer than this for its transaction is refused, even if the database does not respond. */
const maxWaitMs = 10_000;
const staleCheckIntervalMs = 1_000;

interface Waiting {
  readonly command: Command;
  readonly bytes: number;
  /** When it was submitted, on the clock of `performance`. */
  readonly since: number;
  resolve(result: CommandResult): void;
  reject(error: unknown): void;
}

/**
 * Group commit: many writers share the cost of one commit.
 *
 * 1. A submitted command waits. If no transaction is open, one begins.
 * 2. The transaction locks the logs of the users that have waiting commands. More commands can arrive until the locks
 *    are held.
 * 3. It takes the commands of these users, at most `maxBatchCommands` and `maxBatchBytes`, decides each one separately,
 *    and commits. A refused command fails alone.
 * 4. The committed changes are published, and then each caller gets its result.
 * 5. A command that did not fit into the transaction is postponed: it waits again, before all others.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #staleCheck = setInterval(() => this.#refuseStale(), staleCheckIntervalMs).unref();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
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
      this.#waiting.length >= maxWaitingCommands ||
      this.#waitingBytes + bytes > maxWaitingBytes
    ) {
      return Promise.reject(
        unavailable(
          "Too many writes are waiting for the database; nothing was written. Try again.",
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, bytes, since: performance.now(), resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Accepts no more commands, and waits for those that were submitted. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    clearInterval(this.#staleCheck);
  }

  async #run(): Promise<void> {
    // Wait one turn of the event loop, so that commands that arrived together are committed together.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      for (;;) {
        this.#refuseStale();
        if (this.#waiting.length === 0) return;
        await this.#transact();
      }
    } finally {
      this.#running = null;
    }
  }

  #refuseStale(): void {
    const oldest = performance.now() - maxWaitMs;
    if ((this.#waiting[0]?.since ?? oldest) >= oldest) return;
    const fresh = this.#waiting.findIndex(({ since }) => since >= oldest);
    for (const { reject } of this.#take(fresh === -1 ? this.#waiting.length : fresh)) {
      reject(
        unavailable("The database did not accept writes in time; nothing was written. Try again."),
      );
    }
  }

  /** Runs one transaction. It takes its commands when it holds the locks. */
  async #transact(): Promise<void> {
    const { database, observer } = this.#options;
    const first = this.#waiting.slice(0, maxBatchCommands);
    const userIds = [...new Set(first.map(({ command }) => command.userId))].sort();
    const begin = performance.now();
    let batch: Waiting[] | null = null;
    let committed: Committed;
    try {
      committed = await this.#write(userIds, () => (batch = this.#takeBatch(userIds)));
    } catch (error) {
      observer?.failed();
      const failed = batch ?? this.#takeOf(first);
      // It may have found the disk full. Now there is room for those of its commands that remove data.
      const isFull = database.isDiskLow && error instanceof BatonError;
      return isFull ? this.#retry(userIds, failed) : this.#fail(failed, error);
    }
    observer?.committed(committed.outcomes.length, performance.now() - begin);
    this.#settle(batch ?? [], committed);
  }

  #write(userIds: readonly string[], take: () => readonly Waiting[]): Promise<Committed> {
    const { database, limits } = this.#options;
    return database.write(userIds, (transaction) =>
      execute(
        transaction,
        { limits, isDiskLow: database.isDiskLow },
        take().map(({ command }) => command),
      ),
    );
  }

  #settle(batch: readonly Waiting[], { effects, outcomes }: Committed): void {
    if (effects.size > 0) this.#options.onCommit(effects);
    const postponed: Waiting[] = [];
    batch.forEach((waiting, index) => {
      const outcome = outcomes[index] as Outcome;
      if ("result" in outcome) waiting.resolve(outcome.result);
      else if ("refusal" in outcome) waiting.reject(outcome.refusal);
      else postponed.push(waiting);
    });
    this.#waiting.unshift(...postponed);
    for (const { bytes } of postponed) this.#waitingBytes += bytes;
  }

  /** Takes the first commands of these users, up to the bounds of a transaction. */
  #takeBatch(userIds: readonly string[]): Waiting[] {
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const isLocked = userIds.length === 1 ? null : new Set(userIds);
    let bytes = 0;
    for (const [index, waiting] of this.#waiting.entries()) {
      const { userId } = waiting.command;
      if (isLocked ? !isLocked.has(userId) : userId !== userIds[0]) {
        left.push(waiting);
        continue;
      }
      const isFull = taken.length > 0 && bytes + waiting.bytes > maxBatchBytes;
      if (isFull || taken.length === maxBatchCommands) {
        // All later commands wait too, so that each user's commands keep their order.
        left.push(...this.#waiting.slice(index));
        break;
      }
      bytes += waiting.bytes;
      taken.push(waiting);
    }
    this.#waiting = left;
    this.#waitingBytes -= bytes;
    return taken;
  }

  /** Takes those of these commands that are still waiting. */
  #takeOf(commands: readonly Waiting[]): Waiting[] {
    const chosen = new Set(commands);
    const taken = this.#waiting.filter((waiting) => chosen.has(waiting));
    this.#waiting = this.#waiting.filter((waiting) => !chosen.has(waiting));
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
    return taken;
  }

  /** Takes the first `count` commands. */
  #take(count: number): Waiting[] {
    const taken = this.#waiting.splice(0, count);
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
    return taken;
  }

  async #retry(userIds: readonly string[], batch: readonly Waiting[]): Promise<void> {
    try {
      this.#settle(batch, await this.#write(userIds, () => batch));
    } catch (error) {
      await this.#fail(batch, error);
    }
  }

  /**
   * Handles a failed transaction. A `BatonError` is a failure of the database (`UNAVAILABLE`): every command of the
   * batch fails. Any other error was caused by one command. To find it, each command is tried in a separate
   * transaction.
   */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length === 1 || error instanceof BatonError) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    for (const waiting of batch) {
      try {
        this.#settle([waiting], await this.#write([waiting.command.userId], () => [waiting]));
      } catch (own) {
        waiting.reject(own);
      }
    }
  }
}
