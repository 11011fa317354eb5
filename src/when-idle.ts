import { performance } from "node:perf_hooks";

/** How long the process is looked at before it counts as idle. */
const defaultLookMs = 2_000;
/** It is idle while it works for less than this part of the time. */
const idlePart = 0.1;

/** Does work once, in the first stretch of time in which the process has nothing else to do. It keeps no process alive. */
export function whenIdle(work: () => Promise<void>, lookMs = defaultLookMs): void {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > idlePart) return;
    clearInterval(timer);
    // Whoever needs it will try again, and say what is wrong.
    work().catch(() => {});
  }, lookMs).unref();
}
