import { entryOf, type AnsweredEntry, type Entry } from "./entry.ts";

/** An entry that is not handed out any more, because the work on it failed. */
export interface DeadLetter<V = unknown, K extends string = string> {
  /** The entry. */
  readonly entry: Entry<V, K>;
  /** How often it was claimed. */
  readonly attempt: number;
  /** How often it could be claimed; null where `fail` said `retry: false`. */
  readonly maxAttempts: number | null;
  /** When it was failed last; null if its workers died or gave it back. */
  readonly failedAt: Date | null;
  /** What the last `fail` gave as its error; null without one. */
  readonly error: unknown;
}

/** A dead letter as GraphQL answers it. */
export type AnsweredDeadLetter = Omit<DeadLetter, "entry" | "failedAt"> & {
  readonly entry: AnsweredEntry;
  readonly failedAt: string | null;
};

export function deadLetterOf<V, K extends string>(answered: AnsweredDeadLetter): DeadLetter<V, K> {
  return {
    ...answered,
    entry: entryOf(answered.entry),
    failedAt: dateOrNull(answered.failedAt),
  };
}

export function dateOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
