// A handoff: from before a writer sends a set until a subscriber has received it.

const settleMs = 300;
const againMs = 100;

/** Counts changes as they arrive, and resolves with the instant of one of them. */
class Arrivals {
  count = 0;
  #waiting;
  came = () => {
    this.count += 1;
    const at = performance.now();
    if (this.#waiting && this.count >= this.#waiting.count) this.#waiting.resolve(at);
  };
  /** @param {number} count the number of the change, from the first */
  reached(count) {
    return new Promise((resolve) => (this.#waiting = { count, resolve }));
  }
}

/**
 * Sets one entry at a time, each when the previous one has been acknowledged and received.
 *
 * @param {import("../writers/ways.mjs").Writer} writer
 * @param {number} seconds
 * @returns {Promise<{ answeredMs: number[], seenMs: number[] }>} from before each set was sent
 */
export async function handOver(writer, { warmUpSeconds, seconds }) {
  const arrivals = new Arrivals();
  const subscription = await writer.subscribe(arrivals.came, (error) => {
    throw error;
  });
  try {
    await untilItCame(writer, arrivals);
    const answeredMs = [];
    const seenMs = [];
    const warm = performance.now() + warmUpSeconds * 1_000;
    const end = warm + seconds * 1_000;
    for (let turn = 0; performance.now() < end; turn += 1) {
      const seen = arrivals.reached(arrivals.count + 1);
      const begin = performance.now();
      await writer.put(0, `key-${turn % 256}`);
      const answered = performance.now();
      const at = await seen;
      if (begin < warm) continue;
      answeredMs.push(answered - begin);
      seenMs.push(at - begin);
    }
    return { answeredMs, seenMs };
  } finally {
    subscription.close();
  }
}

/**
 * A caller is not notified when its subscription begins, so sets are repeated until one arrives, and then all have
 * arrived.
 */
async function untilItCame(writer, arrivals) {
  while (arrivals.count === 0) {
    await writer.put(0, "begin");
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
  await new Promise((resolve) => setTimeout(resolve, settleMs));
}
