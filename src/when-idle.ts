import { performance } from "node:perf_hooks";

/** How long the process is observed before it counts as idle. */
const defaultLookMs = 2_000;
/** The process is idle if it works for less than this part of the time. */
const idlePart = 0.1;

/** Runs work once, when the process is idle for the first time. It does not keep the process alive. */
export function whenIdle(work: () => Promise<void>, lookMs = defaultLookMs): void {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > idlePart) return;
    clearInterval(timer);
    // The code that needs the work tries again, and reports the error.
    work().catch(() => {});
  }, lookMs).unref();
}
