import { entryOf, type AnsweredEntry, type Entry } from "./entry.ts";

/** An entry that is no longer handed out, because the work on it failed. */
export interface DeadLetter<V = unknown, K extends string = string> {
  /** The entry. */
  readonly entry: Entry<V, K>;
  /** How often the entry was claimed. */
  readonly attempt: number;
  /** How often the entry could be claimed. Null if there was no limit and `fail` was called with `retry: false`. */
  readonly maxAttempts: number | null;
  /** When `fail` was last called. Null if its workers died or released it. */
  readonly failedAt: Date | null;
  /** The error that the last `fail` recorded. Null if it recorded none. */
  readonly error: unknown;
}

/** A dead letter as GraphQL returns it. */
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
