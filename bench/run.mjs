// Runs the benchmarks one after another, each in a separate process, and writes their results into README.md.
//
//   node bench/run.mjs [--only a,c] [--rounds 5] [--quick]

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { updateFrontPage } from "./report/front-page.mjs";
import { updateReadme } from "./report/readme.mjs";

/** Their letters in README.md, in its order. */
const programs = {
  a: "durable-sets",
  b: "one-in-flight",
  c: "set-to-seen",
  d: "fan-out",
  e: "entry-reads",
  f: "set-entries",
  g: "catch-up",
  h: "growth",
  i: "idle-memory",
  j: "stalled-subscriber",
  k: "health-delay",
  l: "instances",
  m: "start-up",
  n: "search",
  o: "neighbour-delay",
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(programs).join(",") },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const wanted = values.only.split(",");
const unknown = wanted.filter((id) => !(id in programs));
if (unknown.length > 0) throw new Error(`--only takes letters a to o, not: ${unknown.join(", ")}`);

const folder = fileURLToPath(new URL("benchmarks/", import.meta.url));
const flags = [
  ...(values.rounds === undefined ? [] : ["--rounds", values.rounds]),
  ...(values.quick ? ["--quick"] : []),
];
let child;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    child?.kill(signal);
    process.exitCode = 1;
    wanted.length = 0;
  });
}
for (const [place, id] of [...wanted].entries()) {
  if (wanted.length === 0) break;
  console.error(`\n[${place + 1} of ${wanted.length}] ${id}. ${programs[id]}`);
  child = spawn(process.execPath, [join(folder, `${programs[id]}.mjs`), ...flags], {
    stdio: "inherit",
  });
  const [code] = await once(child, "close");
  if (code !== 0) {
    console.error(`${id} failed; the others continue.`);
    process.exitCode = 1;
  }
}
await updateReadme();
await updateFrontPage();
