// The figures in the project's README.md: everything between two comments is written from results/*.json.

import { readFile } from "node:fs/promises";
import { median } from "../measure/quantile.mjs";
import { formatNumber, formatTable } from "./format.mjs";
import { rewriteBetween } from "./rewrite-between.mjs";

const readme = new URL("../../README.md", import.meta.url);
const folder = new URL("../results/", import.meta.url);
const begin = "<!-- figures: written by bench/run.mjs -->";
const end = "<!-- end of figures -->";

/** Their names in the results, and on the front page. */
const systems = [
  ["Baton, SQLite, HTTP", "Baton on SQLite, HTTP"],
  ["Baton, SQLite, WebSocket", "Baton on SQLite, WebSocket"],
  ["Baton, PostgreSQL, WebSocket", "Baton on PostgreSQL, WebSocket"],
  ["etcd, HTTP", "etcd, its JSON over HTTP"],
  ["etcd, gRPC", "etcd, gRPC"],
  ["NATS KV, npm client", "NATS KV (does not sync each write)"],
  ["Redis SET + PUBLISH, npm client", "Redis, `appendfsync always`"],
];

/** Each column is a measure of one benchmark. */
const columns = [
  ["a-durable-sets", "perSecond", "durable sets per second, 64 in flight"],
  ["b-one-in-flight", "p50Ms", "one set at a time, p50, ms"],
  ["c-set-to-seen", "p50Ms", "set until a subscriber has it, p50, ms"],
];

/** Rewrites the figures, and leaves the rest of the page unchanged. */
export async function updateFrontPage() {
  const results = await Promise.all(
    columns.map(async ([name]) =>
      JSON.parse(await readFile(new URL(`${name}.json`, folder), "utf8")),
    ),
  );
  const rows = systems.map(([name, shown]) => [
    shown,
    ...columns.map(([, measure], index) => {
      const row = results[index].rows.find((one) => one.name === name);
      return formatNumber(median(row.measures[measure]));
    }),
  ]);
  const table = formatTable(["", ...columns.map(([, , title]) => title)], rows);
  await rewriteBetween(readme, begin, end, table);
}
