import type { TextMatch } from "../store/model/text-match.ts";

/**
 * Maximum number of rows that a statement examines if it can reject most of them. On SQLite, it holds the event loop,
 * and each key of 1,000 bytes takes some microseconds (G14).
 */
const maxExamined = 2_000;
/** With this number of prefixes to compare with, examining a row takes about twice as long. */
const slowPrefixes = 50;

/** Returns how many rows of an index a statement can examine if it compares each with this number of prefixes. */
export function examinedRows(prefixes: number): number {
  return Math.ceil(maxExamined / (1 + prefixes / slowPrefixes));
}

/** Maximum number of revisions that one statement examines, even if the selection matches few. */
const maxExaminedRevisions = 10_000;

/** Returns how many revisions a statement can examine if it compares each with these namespaces. */
export function examinedRevisions(namespaces: readonly TextMatch[]): bigint {
  const prefixes = namespaces.filter(({ kind }) => kind === "prefix").length;
  return BigInt(Math.ceil(maxExaminedRevisions / (1 + prefixes / 10)));
}
