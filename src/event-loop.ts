import { performance } from "node:perf_hooks";

/** How long one turn can work before others run. The event loop reads requests, writes sockets and runs timers. */
const maxHoldMs = 4;
/** The largest number of waiting tasks that are resumed between two turns. */
const maxReleased = 256;
/** After this much work on what the same turn has read, the waiting tasks wait for another turn, once. */
const maxReadMs = 10;

// A process has one event loop, so this state is shared by the whole process.

/** When the work of the current turn began, and the number of that turn by the event loop's count. */
let since = -Infinity;
let turn = -1;
/** The waiting tasks, by user. The user that was served last is at the end. */
const waiting = new Map<string, (() => void)[]>();
/** The number of scheduled calls of `release` that have not run. */
let releasing = 0;
/** Whether the waiting tasks wait for another turn, because this one has worked for long. */
let isPostponed = false;

/**
 * Whether the current turn has worked long enough, so that other tasks should run first. If true, wait for `nextTurn`.
 * Checking it first saves a promise.
 */
export function isLoopHeld(): boolean {
  return isHeldFor(maxHoldMs);
}

function isHeldFor(ms: number): boolean {
  const now = performance.now();
  if (now - since <= ms) return false;
  // Has the loop turned since then? This check is slower than reading the clock, so it comes second.
  const { loopCount } = performance.nodeTiming.uvMetricsInfo;
  if (loopCount === turn) return true;
  since = now;
  turn = loopCount;
  return false;
}

/**
 * Waits until the event loop has turned, and every other waiting user has had as many turns as this one:
 *
 * 1. Waiting tasks are queued by user, so that thousands of operations of one user delay another user by at most one of
 *    them.
 * 2. After each turn, tasks are resumed, one of each user in order, until the event loop has worked long enough.
 * 3. A new task does not queue behind the waiting ones: it waits only if its own turn has worked long enough.
 *
 * @param who the user that the work is for, `nobody`, `writers`, `largeWriters`, or `tokenChecks`
 */
export function nextTurn(who: string): Promise<void> {
  return new Promise((resolve) => {
    const isScheduled = waiting.size > 0 || releasing > 0;
    const own = waiting.get(who);
    if (own) own.push(resolve);
    else waiting.set(who, [resolve]);
    if (isScheduled) return;
    // An immediate of this turn can still run in it, but one that it schedules runs in the next turn. In between, the event
    // loop reads and writes again.
    setImmediate(scheduleReleases);
  });
}

/** The queue of the write transaction. All users wait for it, so it has separate turns. */
export const writers = "\0writers";

/** The queue of a write transaction that is for one user, and takes long. Its user's reads do not delay it. */
export const largeWriters = "\0large writers";

/** The queue of the check of all tokens. All users wait for it, so it has separate turns. */
export const tokenChecks = "\0token checks";

/** The queue of all callers that have not authenticated yet. No user has an empty name. */
export const nobody = "";

function beginTurn(): void {
  since = -Infinity;
  turn = -1;
}

function scheduleReleases(): void {
  let count = 0;
  for (const { length } of waiting.values()) count += length;
  releasing = Math.min(count, maxReleased);
  setImmediate(beginReleases);
  for (let index = 0; index < releasing; index++) setImmediate(release);
}

function beginReleases(): void {
  isPostponed = !isPostponed && isHeldFor(maxReadMs);
  if (!isPostponed) beginTurn();
}

/** Resumes one task. It runs before the next call of this function in the same turn. */
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
  // The time that this turn took does not count against requests that arrive in the next turn.
  setTimeout(beginTurn, 1);
  if (waiting.size > 0) scheduleReleases();
}
