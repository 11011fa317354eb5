import { startStore } from "../process/faulty-store.ts";
import { expectNothingLost, Follower, Load } from "../process/load.ts";
import { describeOutcome } from "./describe-outcome.ts";

const writers = 16;
const writesPerRound = 200;
const stoppedMs = 1_000;

/** Stops a server's process (SIGSTOP) during writes, and continues it. Returns the figures. */
export async function stoppedServer(
  database: "sqlite" | "postgres",
  rounds: number,
): Promise<string> {
  await using store = await startStore(database);
  await using load = new Load(store.servers, writers);
  await using bySocket = new Follower(store.servers);
  await using bySse = new Follower(store.servers, "sse");
  for (let round = 0; round < rounds; round++) {
    await load.more(writesPerRound);
    await store.freeze(stoppedMs);
  }
  await load.more(writesPerRound);
  await load.stop();
  const [server] = store.servers;
  if (!server) throw new Error("The store has a server.");
  const outcome = await expectNothingLost(server, load, [bySocket, bySse]);
  return `${rounds} × stopped for ${stoppedMs} ms: ${describeOutcome(outcome, load)}`;
}
