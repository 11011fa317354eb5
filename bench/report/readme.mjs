// The results in README.md: everything between two comments is written from results/*.json.

import { readdir, readFile } from "node:fs/promises";
import { formatRequired, formatSpread, formatTable } from "./format.mjs";
import { rewriteBetween } from "./rewrite-between.mjs";

const readme = new URL("../README.md", import.meta.url);
const folder = new URL("../results/", import.meta.url);
const begin = "<!-- results: written by run.mjs -->";
const end = "<!-- end of results -->";

/** Rewrites the results, and leaves the rest of the page unchanged. */
export async function updateReadme() {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).toSorted();
  const results = await Promise.all(
    names.map(async (name) => ({
      ...JSON.parse(await readFile(new URL(name, folder), "utf8")),
      chart: `results/${name.replace(".json", ".svg")}`,
    })),
  );
  const written = [summaryOf(results), ...results.map(sectionOf)].join("\n\n");
  await rewriteBetween(readme, begin, end, written);
}

const nameOf = ({ what }) => what;
const verdictOf = ({ required, holds }) => (required ? (holds ? "yes" : "**no**") : "");
const requiredOf = ({ required }) => (required ? formatRequired(required) : "");

function summaryOf(results) {
  const rows = results.flatMap(({ id, title, isQuick, checks }) =>
    checks
      .filter(({ required }) => required)
      .map((check) => [
        id,
        title,
        nameOf(check),
        formatSpread(check.values),
        requiredOf(check),
        isQuick ? "quick run" : verdictOf(check),
      ]),
  );
  return `## What is required, and what holds\n\n${formatTable(["", "measure", "compared", "result", "required", "holds"], rows, 3)}`;
}

function sectionOf(result) {
  const { id, title, at, rounds, isQuick, machine, checks, measures, rows, notes, chart } = result;
  const how = `${at.slice(0, 16).replace("T", " ")} UTC, ${rounds} rounds${isQuick ? " (quick)" : ""}; ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, Node ${machine.node}, load before: ${machine.loadBefore}.`;
  const compared = formatTable(
    ["compared", "result", "required", "holds"],
    checks.map((check) => [
      nameOf(check),
      formatSpread(check.values),
      requiredOf(check),
      verdictOf(check),
    ]),
  );
  const measured = formatTable(
    ["measured", ...Object.values(measures)],
    rows.map((row) => [
      row.name,
      ...Object.keys(measures).map((name) =>
        row.measures[name] ? formatSpread(row.measures[name]) : "",
      ),
    ]),
  );
  const parts = [`## ${id}. ${title}`, how, compared, measured, ...notes, `![${title}](${chart})`];
  return parts.join("\n\n");
}
