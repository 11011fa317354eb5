import { median } from "../measure/quantile.mjs";

/**
 * Compares the rounds with a requirement. A ratio is computed within each round, and its median counts.
 *
 * @typedef {object} Check
 * @property {string} what
 * @property {[row: string, measure: string]} of
 * @property {[row: string, measure: string]} [to] the divisor; if omitted, the figure itself is compared
 * @property {{ atLeast?: number, atMost?: number, unit?: string }} [required] if omitted, the check is only reported
 *
 * @param {Check} check
 * @param {{ name: string, measures: Record<string, number[]> }[]} rows
 */
export function evaluate({ what, of, to, required }, rows) {
  const valuesOf = ([name, measure]) =>
    rows.find((row) => row.name === name)?.measures[measure] ?? [];
  const divisors = to ? valuesOf(to) : undefined;
  const values = valuesOf(of).map((value, round) => (divisors ? value / divisors[round] : value));
  const middle = median(values);
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = required ?? {};
  return { what, values, median: middle, required, holds: middle >= atLeast && middle <= atMost };
}
