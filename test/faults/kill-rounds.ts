import { startStore } from "../process/faulty-store.ts";
import { expectNothingLost, Follower, Load } from "../process/load.ts";
import { describeOutcome } from "./describe-outcome.ts";

const writers = 64;
const writesPerRound = 300;
/** One in this number of rounds on PostgreSQL kills PostgreSQL itself. */
const roundsPerCrash = 5;

/** Repeatedly kills a server with -9 while 64 writers write. Returns the figures. */
export async function killRounds(database: "sqlite" | "postgres", rounds: number): Promise<string> {
  await using store = await startStore(database);
  await using load = new Load(store.servers, writers);
  await using bySocket = new Follower(store.servers);
  await using bySse = new Follower(store.servers, "sse");
  let crashes = 0;
  for (let round = 1; round <= rounds; round++) {
    await load.more(writesPerRound);
    const isCrash = database === "postgres" && round % roundsPerCrash === 2;
    crashes += Number(isCrash);
    await (isCrash ? store.crashPostgres() : store.kill());
  }
  await load.more(writesPerRound);
  await load.stop();
  const [server] = store.servers;
  if (!server) throw new Error("The store has a server.");
  const outcome = await expectNothingLost(server, load, [bySocket, bySse]);
  const kills = `${rounds - crashes} × kill -9 of a server`;
  return `${kills}${crashes > 0 ? `, ${crashes} of PostgreSQL` : ""}: ${describeOutcome(outcome, load)}`;
}
