// l. 1, 2 and 4 instances on one PostgreSQL, with 64 writes in flight over HTTP, for one user and for four. The
// instances, PostgreSQL and the callers share this machine's cores: "cores used" shows when all of them are busy.

import { cpus } from "node:os";
import { drive } from "../load/drive.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { bodyOf, headersOf, setEntry } from "../load/operations.mjs";
import { value } from "../load/value.mjs";
import { samplePostgresWaits } from "../measure/postgres-waits.mjs";
import { cpuMs } from "../measure/process-costs.mjs";
import { median } from "../measure/quantile.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { startPostgres } from "../servers/postgres.mjs";
import { runBaton } from "../servers/run-baton.mjs";

const inFlight = 64;
const instanceCounts = [1, 2, 4];
const userCounts = [1, 4];
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const nameOf = (count, users) => `${plural(count, "instance")}, ${plural(users, "user")}`;
const waits = new Map();

/** Starts instances on a new database, and creates tokens of four users. */
async function startGroup(postgres, count, own) {
  const databaseUrl = await postgres.create();
  const instances = [own(await startBaton({ databaseUrl }))];
  const [{ token }] = instances;
  while (instances.length < count) instances.push(own(await startBaton({ databaseUrl, token })));
  const create = (user) => runBaton(["token", "create", "--user", user], { databaseUrl });
  const tokens = [token];
  while (tokens.length < Math.max(...userCounts)) {
    const [made] = /baton_\S+/.exec(await create(`user-${tokens.length}`));
    tokens.push(made);
  }
  return { instances, tokens, databaseUrl };
}

async function write({ name, group, users, postgres }, seconds) {
  const { instances, tokens, databaseUrl } = group;
  const connections = await Promise.all(
    Array.from({ length: inFlight }, (_, place) => {
      const { url } = instances[place % instances.length];
      // The writes of each user use every instance.
      const token = tokens[Math.floor(place / instances.length) % users];
      return HttpConnection.open(url, headersOf({ token }));
    }),
  );
  const put = async (place, turn) => {
    const variables = { key: `key-${place}-${turn % 256}`, value };
    const answer = await connections[place].post("/graphql", bodyOf(setEntry, variables));
    if (answer.includes('"errors"')) throw new Error(answer);
  };
  await drive(inFlight, 0.5, put);
  const pids = [instances.map(({ pid }) => pid), [postgres.pid], [process.pid]];
  const readCpu = () => Promise.all(pids.map(cpuMs));
  const counts = waits.get(name) ?? waits.set(name, new Map()).get(name);
  const sampler = await samplePostgresWaits(databaseUrl, counts);
  const before = await readCpu();
  const { count, perSecond } = await drive(inFlight, seconds, put);
  const after = await readCpu();
  await sampler.stop();
  for (const connection of connections) connection.close();
  const [ofInstances, ofPostgres, ofCallers] = after.map((ms, place) => ms - before[place]);
  return {
    perSecond,
    instancesMs: ofInstances / count,
    postgresMs: ofPostgres / count,
    coresUsed: (ofInstances + ofPostgres + ofCallers) / ((count / perSecond) * 1_000),
  };
}

/** Describes what PostgreSQL's connections mostly waited for, and whether all cores of the machine were busy. */
function notesOf(rows) {
  return rows.map(({ name, measures }) => {
    const counts = [...waits.get(name)].toSorted(([, one], [, other]) => other - one);
    const all = counts.reduce((sum, [, count]) => sum + count, 0);
    const top = counts
      .slice(0, 4)
      .map(([what, count]) => `${what} ${Math.round((count / all) * 100)} %`);
    const used = median(measures.coresUsed);
    return `${name}: ${used.toFixed(2)} of ${cpus().length} cores used; PostgreSQL's busy connections: ${top.join(", ")}.`;
  });
}

await runBenchmark({
  id: "l",
  name: "l-instances",
  title: "1, 2 and 4 instances on one PostgreSQL",
  measures: {
    perSecond: "sets/s",
    instancesMs: "instances' CPU each, ms",
    postgresMs: "PostgreSQL's CPU each, ms",
    coresUsed: "cores used, callers too",
  },
  checks: userCounts.flatMap((users) =>
    [
      [2, 1],
      [4, 2],
    ].map(([more, fewer]) => ({
      what: `${plural(users, "user")}: ${more} ÷ ${plural(fewer, "instance")}`,
      of: [nameOf(more, users), "perSecond"],
      to: [nameOf(fewer, users), "perSecond"],
      required: { atLeast: 1 },
    })),
  ),
  async measure({ rounds, either, progress, own }) {
    const postgres = own(await startPostgres());
    const targets = [];
    for (const count of instanceCounts) {
      progress(`starting ${count}`);
      const group = await startGroup(postgres, count, own);
      for (const users of userCounts) {
        targets.push({ name: nameOf(count, users), group, users, postgres });
      }
    }
    return interleave({
      rounds,
      targets,
      warmUp: (target) => write(target, either(6, 1)),
      measure: (target) => write(target, either(4, 1.5)),
      progress,
    });
  },
  notes: notesOf,
});
