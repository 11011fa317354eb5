import { BatonError, unavailable } from "../../errors.ts";
import type { WriteAccess } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import { commandBytes, type Command, type CommandResult, type Outcome } from "./command.ts";
import { execute, type Committed } from "./execute.ts";
import type { Effects } from "./state.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";
import { WaitingCommands, type Waiting } from "./waiting-commands.ts";

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

/** The largest number of commands of one transaction. Their bytes are at most `maxTransactionBytes`. */
const maxBatchCommands = 256;
/** If more commands or bytes than this wait, new commands are refused. */
const maxWaitingCommands = 10_000;
const maxWaitingBytes = 128 * 1024 * 1024;
/** A command that waits longer than this for its transaction is refused, even if the database does not respond. */
const maxWaitMs = 10_000;
const staleCheckIntervalMs = 1_000;

/**
 * Group commit: many writers share the cost of one commit.
 *
 * 1. A submitted command waits. If no transaction is open, one begins.
 * 2. The transaction locks the logs of the users that have waiting commands. More commands can arrive until the locks
 *    are held.
 * 3. It takes the commands of these users in turns, at most `maxBatchCommands` and `maxTransactionBytes`, decides each
 *    one separately, and commits. A refused command fails alone.
 * 4. The committed changes are published, and then each caller gets its result.
 * 5. A command that did not fit into the transaction is postponed: it waits again, before the user's later ones.
 *
 * One transaction runs at a time, and all users wait for it. Its bytes are limited and users take turns, so a user waits
 * for at most one transaction of others that is larger (G14).
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #staleCheck = setInterval(() => this.#refuseStale(), staleCheckIntervalMs).unref();
  readonly #waiting = new WaitingCommands();
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
      this.#waiting.count >= maxWaitingCommands ||
      this.#waiting.bytes + bytes > maxWaitingBytes
    ) {
      return Promise.reject(
        unavailable(
          "Too many writes are waiting for the database; nothing was written. Try again.",
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add({ command, bytes, since: performance.now(), resolve, reject });
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
        if (this.#waiting.count === 0) return;
        await this.#transact();
      }
    } finally {
      this.#running = null;
    }
  }

  #refuseStale(): void {
    for (const { reject } of this.#waiting.takeOlderThan(performance.now() - maxWaitMs)) {
      reject(
        unavailable("The database did not accept writes in time; nothing was written. Try again."),
      );
    }
  }

  /** Runs one transaction. It takes its commands when it holds the locks. */
  async #transact(): Promise<void> {
    const { database, observer } = this.#options;
    const userIds = this.#waiting.firstUsers(maxBatchCommands);
    const begin = performance.now();
    const take = () => this.#waiting.take(userIds, maxBatchCommands, maxTransactionBytes);
    let batch: Waiting[] | null = null;
    let committed: Committed;
    try {
      committed = await this.#write(userIds, () => (batch = take()));
    } catch (error) {
      observer?.failed();
      const failed = batch ?? take();
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
    const servedIds = new Set<string>();
    batch.forEach((waiting, index) => {
      const outcome = outcomes[index] as Outcome;
      if ("postponed" in outcome) return void postponed.push(waiting);
      servedIds.add(waiting.command.userId);
      if ("result" in outcome) waiting.resolve(outcome.result);
      else waiting.reject(outcome.refusal);
    });
    this.#waiting.endTurn(servedIds, postponed);
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
