import { deepStrictEqual } from "node:assert/strict";
import { mutate, set } from "../operations.ts";
import { expectNothingLost, Follower, Load } from "../process/load.ts";
import { ClaimWorkers } from "./claim-workers.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { FakeClock } from "./fake-clock.ts";
import { checkLease, checkSession } from "./time-checks.ts";
import { startTimedStore } from "./timed-store.ts";

const writers = 8;
const writesPerJump = 50;
const tasksPerJump = 10;
const offsetsSeconds = [3_600, 0, -3_600, 90, -90, 30 * 86_400, 1, 0];

/**
 * Sets the database's clock forward and back during writes and claims. Returns the figures; null if libfaketime is not
 * installed.
 */
export async function clockJumps(
  database: "sqlite" | "postgres",
  jumps: number,
): Promise<string | null> {
  await using clock = await FakeClock.open();
  if (!clock) return null;
  await using store = await startTimedStore(database, clock);
  const moved = async (offsetSeconds: number) => {
    await clock.set(offsetSeconds);
    // The database uses the new clock when it writes the new time.
    for (;;) {
      const { entry } = await set(store, { namespace: "clock", key: "time", value: null });
      const seconds = (Date.parse(entry.updatedAt) - Date.now()) / 1_000;
      if (Math.abs(seconds - offsetSeconds) < 30) return;
    }
  };
  await using load = new Load([store], writers);
  await using bySocket = new Follower([store]);
  await using bySse = new Follower([store], "sse");
  await checkLease(store, moved);
  // On PostgreSQL, the clock of the server, by which tokens expire, is not changed.
  if (database === "sqlite") {
    const grants = [{ scopes: ["READ", "WRITE"] }];
    const input = { grants, expiresInSeconds: 600 };
    const { secret } = await mutate(store, "createToken", "secret", input);
    await checkSession(store, secret, moved);
    await checkSession(store, await store.signJwt(600), moved);
  }
  const workers = await ClaimWorkers.start(store, jumps * tasksPerJump);
  for (let jump = 0; jump < jumps; jump++) {
    await moved(offsetsSeconds[jump % offsetsSeconds.length] as number);
    await load.more(writesPerJump);
  }
  await moved(0);
  const granted = await workers.done();
  await load.stop();
  const outcome = await expectNothingLost(store, load, [bySocket, bySse]);
  deepStrictEqual(load.refused, []);
  return (
    `${jumps} × the clock set: ${describeOutcome(outcome, load)}; ` +
    `${jumps * tasksPerJump} tasks granted ${granted} times, each completed once`
  );
}
