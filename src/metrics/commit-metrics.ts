import { Counter, Histogram, type Registry } from "prom-client";

/** Measures the transactions that writes share. */
export class CommitMetrics {
  readonly #commands: Histogram;
  readonly #duration: Histogram;
  readonly #failed: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#commands = new Histogram({
      name: "baton_commit_commands",
      help: "Writes that shared one committed transaction.",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    });
    this.#duration = new Histogram({
      name: "baton_commit_duration_seconds",
      help: "Time from the start of a transaction, including the wait for its locks, to its commit.",
      buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10],
      registers,
    });
    this.#failed = new Counter({
      name: "baton_commits_failed_total",
      help: "Transactions that failed in the database or were not committed in time.",
      registers,
    });
  }

  committed(commands: number, durationMs: number): void {
    this.#commands.observe(commands);
    this.#duration.observe(durationMs / 1_000);
  }

  failed(): void {
    this.#failed.inc();
  }
}
