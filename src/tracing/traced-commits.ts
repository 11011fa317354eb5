import type { Committer, CommitObserver } from "../store/commit/committer.ts";
import type { Tracing } from "./tracing.ts";

/** Makes a span of each wait for a commit, as a child of the operation that wrote. */
export class TracedCommits implements CommitObserver {
  readonly #tracing: Tracing;
  readonly #next: CommitObserver | undefined;
  #last = { commands: 0, durationMs: 0 };

  /** @param next another observer, which is called as well */
  constructor(tracing: Tracing, next: CommitObserver | undefined) {
    this.#tracing = tracing;
    this.#next = next;
  }

  committed(commands: number, durationMs: number): void {
    this.#last = { commands, durationMs };
    this.#next?.committed(commands, durationMs);
  }

  failed(): void {
    this.#next?.failed();
  }

  /** The committer, with a span from the submission of a command until it is committed. */
  of(committer: Committer): Pick<Committer, "submit"> {
    return {
      submit: (command) =>
        this.#tracing.child(
          "commit",
          { "baton.commit.operations": command.operations.length },
          () => committer.submit(command),
          // The last transaction to end is the one that contained this command.
          () => ({
            "baton.commit.commands": this.#last.commands,
            "baton.commit.transaction_ms": this.#last.durationMs,
          }),
        ),
    };
  }
}
