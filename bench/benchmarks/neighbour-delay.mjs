// o. The time for which one user's requests hold the server, and delay another user's. The neighbour is a separate
// process that continuously reads and writes an entry. "Hold" is CPU time of the server's thread in one turn of its
// event loop, which does not depend on other load of the machine. "Read" and "write" are the neighbour's delays, and do
// depend on it.

import { fileURLToPath } from "node:url";
import { cases, prepareCases } from "../load/neighbour-cases.mjs";
import { startNeighbour } from "../load/probe.mjs";
import { interleave } from "../measure/rounds.mjs";
import { untilIdle } from "../measure/until-idle.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { findFreePort } from "../servers/child-process.mjs";
import { startPostgres } from "../servers/postgres.mjs";
import { runBaton } from "../servers/run-baton.mjs";

const monitor = fileURLToPath(new URL("../measure/loop-holds.mjs", import.meta.url));
const databases = ["SQLite", "PostgreSQL"];
const rowOf = (name, database) => `${name}, ${database}`;

await runBenchmark({
  id: "o",
  name: "o-neighbour-delay",
  title: "What one user's requests cost another",
  measures: {
    holdMs: "longest hold, ms",
    readCpuMs: "server CPU during a read, ms",
    readMs: "read took, ms",
    socketReadMs: "read on a socket took, ms",
    writeMs: "write took, ms",
  },
  checks: databases.map((database) => ({
    what: `longest hold of all, ${database}`,
    of: [rowOf("all", database), "holdMs"],
    required: { atMost: 50, unit: "ms" },
  })),
  async measure({ rounds, either, progress, own }) {
    const postgres = own(await startPostgres());
    const rows = [];
    for (const database of databases) {
      const databaseUrl = database === "SQLite" ? undefined : await postgres.create();
      const port = await findFreePort();
      const server = own(
        await startBaton({
          databaseUrl,
          nodeFlags: ["--import", monitor],
          env: { LOOP_HOLDS_PORT: String(port) },
        }),
      );
      const { url, dataDir } = server;
      const tokenOf = (user, grants = []) =>
        runBaton(["token", "create", "--user", user, "--data-dir", dataDir, ...grants], {
          databaseUrl,
        });
      const attacker = {
        url,
        token: await tokenOf("attacker"),
        tokenOfGrants: await tokenOf(
          "attacker",
          Array.from({ length: 100 }, (_, at) => `--grant=read granted-${at}:*`),
        ),
      };
      const longestHold = async () =>
        Number(await (await fetch(`http://127.0.0.1:${port}`)).text());
      progress(`${database} · filling the store`);
      await prepareCases(attacker);
      await untilIdle(server.pid, either(60, 20));
      const neighbour = own(
        await startNeighbour({ url, token: await tokenOf("neighbour"), pid: server.pid }),
      );
      const measured = await interleave({
        rounds,
        targets: Object.keys(cases).map((name) => ({ name: rowOf(name, database), key: name })),
        isOrderKept: true,
        measure: async ({ key }) => {
          await longestHold();
          const seen = await neighbour.during(() => cases[key](attacker));
          return { holdMs: await longestHold(), ...seen };
        },
        progress,
      });
      rows.push(...measured, allOf(database, measured));
    }
    return rows;
  },
});

/** The longest of all cases, round by round. */
function allOf(database, measured) {
  const longest = (name) =>
    measured[0].measures[name].map((_, round) =>
      Math.max(...measured.map(({ measures }) => measures[name][round])),
    );
  const names = Object.keys(measured[0].measures);
  const measures = Object.fromEntries(names.map((name) => [name, longest(name)]));
  return { name: rowOf("all", database), measures };
}
