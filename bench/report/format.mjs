import { median } from "../measure/quantile.mjs";

/** Three significant digits, or whole thousands: `0.0123`, `1.23`, `1,234`. */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", {
    minimumFractionDigits: Math.min(digits, 4),
    maximumFractionDigits: Math.min(digits, 4),
  });
}

/** The median of the rounds, and their range: `1.20 (1.10–1.40)`. */
export function formatSpread(values) {
  const middle = formatNumber(median(values));
  if (values.length < 2) return middle;
  return `${middle} (${formatNumber(Math.min(...values))}–${formatNumber(Math.max(...values))})`;
}

/** `at least 1` or `at most 1.3`, with its unit. */
export function formatRequired({ atLeast, atMost, unit = "×" }) {
  return atLeast === undefined ? `≤ ${atMost} ${unit}` : `≥ ${atLeast} ${unit}`;
}

/** A Markdown table with aligned columns; all but the first `textColumns` are aligned to the right. */
export function formatTable(head, rows, textColumns = 1) {
  const widths = head.map((_, place) =>
    Math.max(3, ...[head, ...rows].map((row) => [...String(row[place] ?? "")].length)),
  );
  const isText = (place) => place < textColumns;
  const pad = (text, place) =>
    isText(place) ? text.padEnd(widths[place]) : text.padStart(widths[place]);
  const line = (row) =>
    `| ${row.map((cell, place) => pad(String(cell ?? ""), place)).join(" | ")} |`;
  const rule = widths.map((width, place) =>
    isText(place) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
