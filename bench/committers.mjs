// How far one database goes, without HTTP and GraphQL: processes that have an instance's committer and reads alone.
//
//   npm run bench:committers [-- --seconds 2 --in-flight 256]
//
// "One user": the row lock of that user's head is what every transaction waits for, so more processes do not help.
// "10,000 users": the processes' transactions go side by side, as far as cores and the disk allow. PostgreSQL shares
// this machine's cores with the processes; its CPU for each operation is what carries over. Partitioned is after prisma/postgres/partition.sql.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { built, cpuMs, openPostgres, temporaryFolder } from "./instances.mjs";
import { heading, row } from "./report.mjs";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    "in-flight": { type: "string", default: "256" },
  },
});
const [seconds, inFlight] = [values.seconds, values["in-flight"]].map(Number);
const manyUsers = 10_000;
/** How many users, and by how many processes each time. */
const plainRuns = [
  [1, [1, 2]],
  [manyUsers, [1, 2, 4]],
];
const program = fileURLToPath(new URL("committer.mjs", import.meta.url));

async function startProcess(settings) {
  const child = fork(program, [JSON.stringify({ ...settings, seconds, inFlight })]);
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const closed = once(child, "close").then(() => process.off("exit", kill));
  const answer = async () => {
    const [message] = await Promise.race([once(child, "message"), closed.then(() => [])]);
    if (message === undefined) throw new Error("A committer's process ended.");
    return message;
  };
  await answer();
  return {
    async run(task) {
      const answered = answer();
      child.send(task);
      return answered;
    },
    async end() {
      if (child.connected) child.send("end");
      await closed;
    },
    pid: child.pid,
  };
}

async function measure(name, { count, users, databaseUrl, postgres }) {
  const folder = await temporaryFolder();
  const processes = [];
  const together = (task) => Promise.all(processes.map((one) => one.run(task)));
  try {
    while (processes.length < count) {
      processes.push(await startProcess({ users, databaseUrl, dataDir: folder.path }));
    }
    await together({ kind: "set", seconds: 0.5 });
    const pids = postgres ? [postgres.pid] : [];
    const cells = [name, users.toLocaleString("en-US"), count];
    for (const kind of ["set", "read"]) {
      const before = await cpuMs(pids);
      const results = await together({ kind });
      const cpu = (await cpuMs(pids)) - before;
      const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
      const perSecond = Math.round(sum((result) => result.perSecond)).toLocaleString("en-US");
      cells.push(perSecond, postgres ? (cpu / sum((result) => result.count)).toFixed(3) : "");
    }
    row(cells);
  } finally {
    await Promise.all(processes.map((one) => one.end()));
    await folder.remove();
  }
}

/** Many users, whose keys are read and set, as a database that has been used has them. */
async function fill(postgres, { isPartitioned }) {
  const databaseUrl = await postgres.create();
  const { openDatabase } = await built("database/open-database.js");
  const { defaultConfig } = await built("config.js");
  const silent = { debug() {}, warn() {} };
  const database = await openDatabase(defaultConfig({ databaseUrl }), silent);
  await database.close();
  await postgres.query(
    databaseUrl,
    `INSERT INTO "User" SELECT 'user-' || u, 0, 0, now() FROM generate_series(0, ${manyUsers - 1}) u;
     INSERT INTO "Entry" ("userId", "namespace", "key", "revision", "createdRevision", "createdAt", "updatedAt",
       "sizeBytes", "metadata", "value")
     SELECT 'user-' || u, 'old', 'key-' || k, 0, 0, now(), now(), 200, '{}', to_json(repeat('x', 200))
     FROM generate_series(0, ${manyUsers - 1}) u, generate_series(1, 10) k;
     ANALYZE`,
  );
  if (isPartitioned) await postgres.partition(databaseUrl);
  return databaseUrl;
}

heading(`Committers alone, ${inFlight} under way in each process (${seconds} s).`, [
  "database",
  "users",
  "processes",
  "sets a second",
  "PostgreSQL's CPU, ms",
  "reads a second",
  "PostgreSQL's CPU, ms",
]);
await measure("SQLite", { count: 1, users: manyUsers });
const postgres = await openPostgres();
try {
  for (const isPartitioned of [false, true]) {
    const databaseUrl = await fill(postgres, { isPartitioned });
    const name = isPartitioned ? "PostgreSQL, partitioned" : "PostgreSQL";
    for (const [users, counts] of isPartitioned ? [[manyUsers, [2]]] : plainRuns) {
      for (const count of counts) await measure(name, { count, users, databaseUrl, postgres });
    }
  }
} finally {
  await postgres.stop();
}
