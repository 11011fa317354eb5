// How long a handoff takes: from before a caller sends a set until a subscriber on a WebSocket has it.
//
//   npm run bench:handoff [-- --rounds 3 --sets 300]
//
// One set at a time, nothing else under way. In each round, sets by way of the subscriber's instance and by way of
// another one take turns, so that both have the same neighbours on the machine; the ratio of their medians is what to
// read. "Answered" is the set alone: until its caller has the answer. A cell is the median of the rounds (lowest to
// highest). Real processes, 127.0.0.1; PostgreSQL and SQLite wait for the disk at each commit.

import { parseArgs } from "node:util";
import { follow, send, setEntry } from "./client.mjs";
import { openPostgres, startInstances } from "./instances.mjs";
import { heading, median, quantile, row, spread } from "./report.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    sets: { type: "string", default: "300" },
  },
});
const [rounds, sets] = [Number(values.rounds), Number(values.sets)];
const warmUp = 100;

/** Sets in turn by way of each instance; the subscriber is on the first. */
async function measure(instances) {
  const subscriber = await follow(instances[0]);
  try {
    await subscriber.begun(instances[0]);
    const laps = instances.map(() => ({ answered: [], seen: [] }));
    for (let turn = 0; turn < warmUp + sets * instances.length; turn += 1) {
      const place = turn % instances.length;
      const begin = performance.now();
      const { setEntry: set } = await send(instances[place], setEntry, { key: "k", value: turn });
      const answered = performance.now();
      const seen = await subscriber.seen(set.revision);
      if (turn < warmUp) continue;
      laps[place].answered.push(answered - begin);
      laps[place].seen.push(seen - begin);
    }
    return laps;
  } finally {
    subscriber.close();
  }
}

function report(name, laps) {
  const cell = (which, part) => spread(laps.map((lap) => quantile(lap[which], part)));
  row([name, cell("answered", 0.5), cell("seen", 0.5), cell("seen", 0.99)]);
}

async function repeat(databaseUrl, count) {
  const { instances, stop } = await startInstances(count, databaseUrl);
  try {
    const all = [];
    while (all.length < rounds) all.push(await measure(instances));
    return all;
  } finally {
    await stop();
  }
}

heading(`A handoff, in ms (${rounds} rounds of ${sets} sets).`, [
  "set by way of",
  "answered, median",
  "seen, median",
  "seen, p99",
]);
const embedded = await repeat(undefined, 1);
report(
  "SQLite, the same instance",
  embedded.map(([lap]) => lap),
);
const postgres = await openPostgres();
try {
  const both = await repeat(await postgres.create(), 2);
  report(
    "PostgreSQL, the same instance",
    both.map(([same]) => same),
  );
  report(
    "PostgreSQL, another instance",
    both.map(([, other]) => other),
  );
  const ratio = (part) =>
    spread(both.map(([same, other]) => quantile(other.seen, part) / quantile(same.seen, part)));
  row(["another ÷ the same", "", ratio(0.5), ratio(0.99)]);
  const middle = median(both.map(([same, other]) => median(other.seen) / median(same.seen)));
  console.log(
    `\nAnother instance costs ${middle.toFixed(2)} times the same one; 3 is the most it may.`,
  );
  if (middle > 3) process.exitCode = 1;
} finally {
  await postgres.stop();
}
