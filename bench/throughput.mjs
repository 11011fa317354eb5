// What instances take over HTTP: sets and reads a second with many under way, for one SQLite, and for one to three
// instances on one PostgreSQL.
//
//   npm run bench:throughput [-- --seconds 2 --in-flight 64 --rounds 3]
//
// The caller, the instances and PostgreSQL share this machine's cores, so operations a second say what the machine
// does, not where PostgreSQL ends: on few cores more instances are not faster. What carries over to other machines is
// the CPU that an operation costs, of all instances together and of PostgreSQL: a core gives 1,000 ms a second. A cell
// is the median of the rounds (lowest to highest). All callers are one user, each with a key of its own.

import { parseArgs } from "node:util";
import { drive, readEntry, send, setEntry } from "./client.mjs";
import { cpuMs, openPostgres, startInstances } from "./instances.mjs";
import { heading, row, spread } from "./report.mjs";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    "in-flight": { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
  },
});
const [seconds, inFlight, rounds] = [values.seconds, values["in-flight"], values.rounds].map(
  Number,
);
const value = { text: "x".repeat(200) };

async function measure(name, count, postgres, databaseUrl) {
  const { instances, stop } = await startInstances(count, databaseUrl);
  const pids = instances.map(({ pid }) => pid);
  const run = async (operation) => {
    const cpu = () => Promise.all([cpuMs(pids), postgres ? cpuMs([postgres.pid]) : Number.NaN]);
    const before = await cpu();
    const { count: done, perSecond } = await drive(inFlight, seconds, operation);
    const after = await cpu();
    return { perSecond, cpu: after.map((ms, place) => (ms - before[place]) / done) };
  };
  const at = (place) => instances[place % count];
  const set = (place) => send(at(place), setEntry, { key: `key-${place}`, value });
  const read = (place) => send(at(place), readEntry, { key: `key-${place}` });
  try {
    await drive(inFlight, 1, set);
    await drive(inFlight, 0.5, read);
    const laps = [];
    while (laps.length < rounds) laps.push([await run(set), await run(read)]);
    const cells = [0, 1].flatMap((place) => {
      const cell = (pick, digits) =>
        spread(
          laps.map((lap) => pick(lap[place])),
          digits,
        );
      const cost = (of) => cell(({ cpu }) => cpu[of]);
      return [cell((lap) => lap.perSecond, 0), cost(0), postgres ? cost(1) : ""];
    });
    row([name, ...cells]);
  } finally {
    await stop();
  }
}

const columns = ["a second", "CPU each, ms", "PostgreSQL's, ms"];
heading(`Over HTTP, ${inFlight} under way (${rounds} rounds of ${seconds} s).`, [
  "database",
  ...["sets", "reads"].flatMap((what) => columns.map((column) => `${what}: ${column}`)),
]);
await measure("SQLite", 1, null);
const postgres = await openPostgres();
try {
  for (const count of [1, 2, 3]) {
    const name = `PostgreSQL, ${count} ${count === 1 ? "instance" : "instances"}`;
    await measure(name, count, postgres, await postgres.create());
  }
} finally {
  await postgres.stop();
}
