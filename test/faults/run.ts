// Breaks real servers while they are used, and checks that nothing is lost, duplicated or left out:
//
//   node --import tsx test/faults/run.ts [rounds, 50 by default] [a part of the names of the scenarios to run]
//
// Each scenario prints a line of figures. Exits with 1 if one fails. Build the server first. A
// scenario that needs a program that is not installed is skipped and reported.
import { clockJumps } from "./clock-jumps.ts";
import { failover } from "./failover.ts";
import { killRounds } from "./kill-rounds.ts";
import { restoredEpochs } from "./restored-epochs.ts";
import { socketKills } from "./socket-kills.ts";
import { stoppedServer } from "./stopped-server.ts";

/** Returns its figures; null if a program that it needs is not installed. */
type Scenario = () => Promise<string | null>;

const rounds = Number(process.argv[2] ?? 50);
const only = process.argv[3] ?? "";
/** The other scenarios have longer rounds, or need fewer of them. */
const fewRounds = Math.ceil(rounds / 5);

const scenarios: Readonly<Record<string, Scenario>> = {
  "servers killed, SQLite": () => killRounds("sqlite", rounds),
  "servers killed, PostgreSQL": () => killRounds("postgres", rounds),
  "sockets killed": () => socketKills(2 * rounds),
  "server stopped, SQLite": () => stoppedServer("sqlite", fewRounds),
  "server stopped, PostgreSQL": () => stoppedServer("postgres", fewRounds),
  failover: () => repeat(Math.ceil(rounds / 10), failover),
  "clock set, SQLite": () => clockJumps("sqlite", rounds),
  "clock set, PostgreSQL": () => clockJumps("postgres", rounds),
  pg_restore: restoredEpochs,
};

for (const [name, run] of Object.entries(scenarios)) {
  if (!name.includes(only)) continue;
  const begin = performance.now();
  try {
    const figures = (await run()) ?? "SKIPPED: a program that it needs is not installed";
    const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
    console.log(`${name} (${seconds} s): ${figures}`);
  } catch (error) {
    console.error(`FAILED ${name}:`, error);
    process.exitCode = 1;
  }
}

async function repeat(times: number, run: () => Promise<string>): Promise<string> {
  const figures: string[] = [];
  for (let time = 0; time < times; time++) figures.push(await run());
  return figures.join("\n  ");
}
