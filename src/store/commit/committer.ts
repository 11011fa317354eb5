import type { Database } from "../contract.ts";
import { BatonError, unavailable } from "../../errors.ts";
import { commandBytes, type Command, type CommandResult } from "./command.ts";
import { execute, type Committed, type Outcome } from "./execute.ts";
import type { Limits } from "../model/limits.ts";
import type { Effects } from "./workspace.ts";

/** Told what each transaction committed, by user and in commit order. */
type CommitListener = (committed: ReadonlyMap<string, Pick<Effects, "changes" | "head">>) => void;

export interface CommitterOptions {
  readonly database: Pick<Database, "write">;
  readonly limits: Limits;
  readonly onCommit: CommitListener;
}

/** A transaction takes at most this many commands, and this much of what they carry. */
const maxBatchCommands = 256;
const maxBatchBytes = 16 * 1024 * 1024;
/** More waiting than this and new commands are turned away. */
const maxWaitingCommands = 10_000;
const maxWaitingBytes = 128 * 1024 * 1024;
/** And what has waited for longer than this is turned away, too: the database hardly takes writes. */
const maxWaitMs = 10_000;

interface Waiting {
  readonly command: Command;
  readonly bytes: number;
  /** When it came, on the clock of `performance`. */
  readonly since: number;
  resolve(result: CommandResult): void;
  reject(error: unknown): void;
}

/**
 * Group commit: while one transaction is under way, the commands that arrive wait together and go into the next,
 * so that many writers share the cost of one commit. Each command is decided by itself: a refused one fails alone.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the command is committed and announced.
   * @throws BatonError when it is refused, `UNAVAILABLE` when it could not be committed
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

  /** Takes no more commands and waits for those it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that commands which arrived together are committed together.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      for (;;) {
        this.#turnAwayStale();
        if (this.#waiting.length === 0) return;
        await this.#process(this.#takeBatch());
      }
    } finally {
      this.#running = null;
    }
  }

  #turnAwayStale(): void {
    const oldest = performance.now() - maxWaitMs;
    const fresh = this.#waiting.findIndex(({ since }) => since >= oldest);
    const stale = this.#waiting.splice(0, fresh === -1 ? this.#waiting.length : fresh);
    for (const { bytes, reject } of stale) {
      this.#waitingBytes -= bytes;
      reject(
        unavailable("The database did not take writes in time; nothing was written. Try again."),
      );
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < maxBatchCommands) {
      const next = this.#waiting[count] as Waiting;
      if (count > 0 && bytes + next.bytes > maxBatchBytes) break;
      bytes += next.bytes;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #process(batch: readonly Waiting[]): Promise<void> {
    const commands = batch.map((waiting) => waiting.command);
    let committed: Committed;
    try {
      committed = await this.#options.database.write((transaction) =>
        execute(transaction, this.#options.limits, commands),
      );
    } catch (error) {
      return this.#fail(batch, error);
    }
    if (committed.effects.size > 0) this.#options.onCommit(committed.effects);
    const postponed: Waiting[] = [];
    batch.forEach((waiting, index) => {
      const outcome = committed.outcomes[index] as Outcome;
      if ("result" in outcome) waiting.resolve(outcome.result);
      else if ("refusal" in outcome) waiting.reject(outcome.refusal);
      else postponed.push(waiting);
    });
    this.#waiting.unshift(...postponed);
    for (const { bytes } of postponed) this.#waitingBytes += bytes;
  }

  /**
   * A `BatonError` here is the database's own failure (`UNAVAILABLE`): all commands have failed. Any other error rolled
   * the transaction back and is one command's fault, which is found by trying each alone.
   */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length === 1 || error instanceof BatonError) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    for (const waiting of batch) await this.#process([waiting]);
  }
}
