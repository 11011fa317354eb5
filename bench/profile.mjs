// Profiles the built server under a load: self time by the owner of the code, and the functions with the most self
// time.
//
//   node bench/profile.mjs --load sets-http [--seconds 8] [--warm-up 5] [--top 25] [--postgres] [--keep folder]
//
// Only the time under load counts, neither the start nor the warm-up. Idle time is not in the shares.

import { copyFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loads } from "./profile/loads.mjs";
import { selfTimeOf } from "./profile/self-time.mjs";
import { formatNumber, formatTable } from "./report/format.mjs";
import { startBaton } from "./servers/baton.mjs";
import { temporaryFolder } from "./servers/child-process.mjs";
import { startPostgres } from "./servers/postgres.mjs";

const { values } = parseArgs({
  options: {
    load: { type: "string", default: "sets-http" },
    seconds: { type: "string", default: "8" },
    "warm-up": { type: "string", default: "5" },
    top: { type: "string", default: "25" },
    postgres: { type: "boolean", default: false },
    keep: { type: "string" },
  },
});
const load = loads[values.load];
if (load === undefined) throw new Error(`--load takes one of: ${Object.keys(loads).join(", ")}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** The clock of V8's profiles. */
const monotonicUs = () => Number(process.hrtime.bigint() / 1_000n);

const folder = await temporaryFolder();
const postgres = values.postgres ? await startPostgres() : undefined;
try {
  const server = await startBaton({
    databaseUrl: await postgres?.create(),
    nodeFlags: ["--cpu-prof", `--cpu-prof-dir=${folder.path}`],
  });
  let begin;
  let end;
  let count;
  try {
    const { run, close } = await load(server);
    await run(Number(values["warm-up"]));
    begin = monotonicUs();
    count = await run(Number(values.seconds));
    end = monotonicUs();
    close();
  } finally {
    await server.stop(); // it writes its profile when it ends
  }
  // A worker thread writes a separate profile.
  for (const name of (await readdir(folder.path)).filter((each) => each.endsWith(".cpuprofile"))) {
    const path = join(folder.path, name);
    if (values.keep) await copyFile(path, join(values.keep, name));
    print(name, selfTimeOf(JSON.parse(await readFile(path, "utf8")), begin, end), count);
  }
} finally {
  await postgres?.stop();
  await folder.remove();
}

function print(name, { idleUs, busyUs, byGroup, byFunction }, operations) {
  const share = (us) => `${((us / busyUs) * 100).toFixed(1)} %`;
  const each = (us) => formatNumber(us / operations);
  const busy = ((busyUs / (busyUs + idleUs)) * 100).toFixed(0);
  console.log(
    `\n${values.load}: ${operations.toLocaleString("en-US")} operations, the thread busy for ${busy} % of the time, ${each(busyUs)} µs each (${name}).\n`,
  );
  const sorted = [...byGroup].toSorted(([, one], [, other]) => other - one);
  const groups = sorted.map(([group, us]) => [group, share(us), each(us)]);
  console.log(formatTable(["whose code", "self time", "µs an operation"], groups));
  const functions = [...byFunction]
    .toSorted(([, one], [, other]) => other.us - one.us)
    .slice(0, Number(values.top))
    .map(([what, { group, us }]) => [what, group, share(us), each(us)]);
  console.log(
    `\n${formatTable(["function", "whose code", "self time", "µs an operation"], functions, 2)}`,
  );
}
