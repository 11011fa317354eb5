import { performance } from "node:perf_hooks";

/** How long the work of one turn may hold the event loop, in which requests are read, sockets written and timers run. */
const maxHoldMs = 4;
/** At most so many pieces of work are let on between two turns. */
const maxReleased = 32;

// There is one event loop in a process, so what shares it out is one for the process, too.

/** When the work of a turn began, and which turn that was, as the event loop counts them. */
let since = -Infinity;
let turn = -1;
/** What waits for a turn, by who it is for. The one who was served last is the last. */
const waiting = new Map<string, (() => void)[]>();
/** How many calls of `release` are under way. */
let releasing = 0;

/**
 * Whether others should be let on before more work begins: the event loop was held for long enough in this turn. Whoever
 * is answered true waits for `nextTurn`. Checking it first saves a promise.
 */
export function isLoopHeld(): boolean {
  const now = performance.now();
  if (now - since <= maxHoldMs) return false;
  // Only now does it matter whether the loop has turned since: to ask it costs more than to read the clock.
  const { loopCount } = performance.nodeTiming.uvMetricsInfo;
  if (loopCount === turn) return true;
  since = now;
  turn = loopCount;
  return false;
}

/**
 * Waits until the event loop has turned, and everyone else who waits was let on as often as this one.
 *
 * 1. What waits is kept by who it is for: a user, so that thousands of operations of one user delay another's by no more
 *    than one of them.
 * 2. After each turn, pieces are let on, of each in its order, until the event loop was held long enough.
 * 3. What arrives while others wait is not behind them: it waits only if its own turn is held.
 *
 * @param who the user that the work is done for, or `nobody`
 */
export function nextTurn(who: string): Promise<void> {
  return new Promise((resolve) => {
    const own = waiting.get(who);
    if (own) own.push(resolve);
    else waiting.set(who, [resolve]);
    if (releasing === 0) scheduleReleases();
  });
}

/** The one transaction that writes. All users wait for it, so that it has turns of its own. */
export const writers = "\0writers";

/** Who has shown no token yet: they share one place among those who wait. No user has an empty name. */
export const nobody = "";

function beginTurn(): void {
  since = -Infinity;
  turn = -1;
}

function scheduleReleases(): void {
  let count = 0;
  for (const { length } of waiting.values()) count += length;
  releasing = Math.min(count, maxReleased);
  setImmediate(beginTurn);
  for (let index = 0; index < releasing; index++) setImmediate(release);
}

/** Lets one piece on. It runs before the next call of this, which is of the same turn. */
function release(): void {
  releasing--;
  const [first] = isLoopHeld() ? [] : waiting;
  if (first) {
    const [who, own] = first;
    const resolve = own.shift();
    waiting.delete(who);
    if (own.length > 0) waiting.set(who, own);
    resolve?.();
  }
  if (releasing > 0) return;
  // What this turn did is not counted against those whose requests arrive in the next.
  setTimeout(beginTurn, 1);
  if (waiting.size > 0) scheduleReleases();
}
