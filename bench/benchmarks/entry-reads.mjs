// e. `entry` by key over HTTP, 32 connections. All three servers read the same SQLite file, one after the other. The
// peers do not authenticate the caller; Baton does.

import { join } from "node:path";
import { drive, driveAndCount } from "../load/drive.mjs";
import { fill } from "../load/fill.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { bodyOf, headersOf, readEntry } from "../load/operations.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { startPeer } from "../servers/peer-program.mjs";

const inFlight = 32;
const keys = 1_000;
const baton = "Baton";
const mercurius = "Mercurius with JIT, prepared statement";
const yoga = "stock Yoga, Prisma's findUnique";

/** Reads every key in turn, on fresh connections. */
async function withReader(target, work) {
  const connections = await Promise.all(
    Array.from({ length: inFlight }, () => HttpConnection.open(target.url, target.headers)),
  );
  try {
    return await work(async (place, turn) => {
      const key = `key-${(place * 31 + turn) % keys}`;
      const answer = await connections[place].post("/graphql", bodyOf(readEntry, { key }));
      if (!answer.includes('"text":"xxx')) throw new Error(answer);
    });
  } finally {
    for (const connection of connections) connection.close();
  }
}

await runBenchmark({
  id: "e",
  name: "e-entry-reads",
  title: `entry by key over HTTP, ${inFlight} connections`,
  measures: {
    perSecond: "reads/s",
    cpuMsEach: "server CPU each, ms",
    callerMsEach: "caller's CPU each, ms",
    p50Ms: "p50, ms",
    p99Ms: "p99, ms",
  },
  checks: [
    { what: "Baton ÷ Mercurius", to: [mercurius, "perSecond"], required: { atLeast: 0.9 } },
    { what: "Baton ÷ stock Yoga", to: [yoga, "perSecond"], required: { atLeast: 2 } },
  ].map((check) => ({ ...check, of: [baton, "perSecond"] })),
  async measure({ rounds, either, progress, own }) {
    const server = own(await startBaton());
    await fill(server, keys);
    const file = join(server.dataDir, "baton.db");
    return interleave({
      rounds,
      targets: [
        { name: baton, ...server, headers: headersOf(server) },
        { name: mercurius, ...own(await startPeer("mercurius-program.mjs", file)) },
        { name: yoga, ...own(await startPeer("yoga-program.mjs", file)) },
      ],
      warmUp: (target) =>
        withReader(target, async (read) => void (await drive(inFlight, either(8, 2), read))),
      measure: (target) =>
        withReader(target, async (read) => {
          await drive(inFlight, 0.5, read);
          return driveAndCount(inFlight, either(4, 1.5), [target.pid], read);
        }),
      progress,
    });
  },
});
