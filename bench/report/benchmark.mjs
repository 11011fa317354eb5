// The common part of every benchmark: its options, its progress, its table, and the files of its results.

import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chartOf } from "./chart.mjs";
import { evaluate } from "./evaluate.mjs";
import { formatRequired, formatSpread, formatTable } from "./format.mjs";
import { machine } from "./machine.mjs";

const resultsFolder = new URL("../results/", import.meta.url);

/**
 * Runs a benchmark as a program: `--rounds 5` and `--quick` (fewer, shorter rounds, to check that it works).
 *
 * @param {object} benchmark
 * @param {string} benchmark.id its letter in README.md
 * @param {string} benchmark.name of its files of results
 * @param {string} benchmark.title
 * @param {Record<string, string>} benchmark.measures the columns of its table: the name of each, and its heading
 * @param {import("./evaluate.mjs").Check[]} benchmark.checks
 * @param {(run: Run) => Promise<{ name: string, measures: Record<string, number[]> }[]>} benchmark.measure
 * @param {(rows: { name: string, measures: Record<string, number[]> }[]) => string[]} [benchmark.notes] further results
 *
 * @typedef {object} Run
 * @property {number} rounds
 * @property {boolean} quick
 * @property {(normal: number, quick: number) => number} either
 * @property {(text: string) => void} progress
 * @property {<T extends { stop(): Promise<void> }>(resource: T) => T} own stops it when the benchmark ends, the last
 * first
 */
export async function runBenchmark({ id, name, title, measures, checks, measure, notes }) {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 5));
  const before = machine();
  const owned = [];
  const begin = performance.now();
  // A signal runs the handlers of "exit", which end the processes that were started.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  let rows;
  try {
    rows = await measure({
      rounds,
      quick,
      either: (normal, short) => (quick ? short : normal),
      progress: (text) => showProgress(`${id} · ${text}`),
      own: (resource) => owned.push(resource) && resource,
    });
  } finally {
    for (const resource of owned.reverse()) await resource.stop();
    showProgress("");
  }
  const result = {
    id,
    title,
    at: new Date().toISOString(),
    seconds: Math.round((performance.now() - begin) / 1_000),
    isQuick: quick,
    rounds,
    machine: before,
    checks: checks.map((check) => evaluate(check, rows)),
    measures,
    rows,
    notes: notes?.(rows) ?? [],
  };
  print(result);
  await save(name, result);
  // All servers have stopped. A peer's client can still try to reach its server again.
  process.exit();
}

function print({ id, title, rounds, isQuick, checks, measures, rows, notes }) {
  console.log(
    `\n## ${id}. ${title}\n\nMedian of ${rounds} rounds (lowest–highest)${isQuick ? ", quick" : ""}.\n`,
  );
  const verdict = ({ required, holds }) => (required === undefined ? "" : holds ? "yes" : "NO");
  const ratios = checks.map((check) => [
    check.what,
    formatSpread(check.values),
    check.required ? formatRequired(check.required) : "",
    verdict(check),
  ]);
  console.log(formatTable(["compared", "result", "required", "holds"], ratios));
  const cells = rows.map((row) => [
    row.name,
    ...Object.keys(measures).map((measure) =>
      row.measures[measure] ? formatSpread(row.measures[measure]) : "",
    ),
  ]);
  console.log(`\n${formatTable(["measured", ...Object.values(measures)], cells)}`);
  for (const note of notes) console.log(`\n${note}`);
}

async function save(name, result) {
  await mkdir(resultsFolder, { recursive: true });
  const write = (extension, text) =>
    writeFile(fileURLToPath(new URL(`${name}.${extension}`, resultsFolder)), text);
  const shown = result.checks.map((check) => ({ ...check, text: formatSpread(check.values) }));
  await write("json", `${JSON.stringify(rounded(result), null, 2)}\n`);
  await write("svg", chartOf({ title: `${result.id}. ${result.title}`, checks: shown }));
}

/** Six significant digits of each figure, because more are not meaningful. */
function rounded(result) {
  return JSON.parse(
    JSON.stringify(result, (_name, value) =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
    ),
  );
}

/** A line that replaces the previous one on a terminal. Otherwise each is a separate line. */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}
