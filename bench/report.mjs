// How results are said: rows of Markdown, for docs/scaling.md.

import { cpus, loadavg } from "node:os";

export function quantile(values, part) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export const median = (values) => quantile(values, 0.5);

/** The middle of several rounds, and how far they lie apart: `1.20 (1.10–1.40)`. */
export function spread(values, digits = 2) {
  const show = (value) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${show(median(values))} (${show(low)}–${show(high)})`;
}

export function heading(title, columns) {
  const [load = 0] = loadavg();
  console.log(
    `\n${title} Node ${process.versions.node}, ${cpus().length} cores, load ${load.toFixed(1)}.\n`,
  );
  row(columns);
  row(columns.map((_, place) => (place === 0 ? "---" : "--:")));
}

export function row(cells) {
  console.log(`| ${cells.join(" | ")} |`);
}
