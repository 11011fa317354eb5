import { cpuMs } from "../measure/process-costs.mjs";
import { quantile } from "../measure/quantile.mjs";

/**
 * Keeps a number of operations in progress for a time.
 *
 * @param {number} inFlight the number of concurrent operations
 * @param {number} seconds the time after which no more are started
 * @param {(place: number, turn: number) => Promise<unknown>} operation
 * @returns {Promise<{ count: number, perSecond: number, laps: number[] }>} `laps`: the duration of each, in ms
 */
export async function drive(inFlight, seconds, operation) {
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const laps = [];
  const run = async (place) => {
    for (let turn = 0; ; turn += 1) {
      const started = performance.now();
      if (started >= end) return;
      await operation(place, turn);
      laps.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, place) => run(place)));
  return {
    count: laps.length,
    perSecond: laps.length / ((performance.now() - begin) / 1_000),
    laps,
  };
}

/**
 * Like `drive`, with the latencies, and the CPU time per operation of the processes `pids` and of this process, which
 * shares the cores with them.
 */
export async function driveAndCount(inFlight, seconds, pids, operation) {
  const before = await cpuMs(pids);
  const ownBefore = process.cpuUsage();
  const { count, perSecond, laps } = await drive(inFlight, seconds, operation);
  const { user, system } = process.cpuUsage(ownBefore);
  return {
    perSecond,
    cpuMsEach: ((await cpuMs(pids)) - before) / count,
    callerMsEach: (user + system) / 1_000 / count,
    p50Ms: quantile(laps, 0.5),
    p99Ms: quantile(laps, 0.99),
  };
}
