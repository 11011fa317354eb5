import { cpuMs } from "./process-costs.mjs";

const windowMs = 1_000;
const idleCpuMs = 30;

/**
 * Waits until a process is almost idle, such as when its search index is up to date.
 * @returns {Promise<boolean>} false if that took longer than `timeoutSeconds`
 */
export async function untilIdle(pid, timeoutSeconds) {
  const deadline = performance.now() + timeoutSeconds * 1_000;
  while (performance.now() < deadline) {
    const before = await cpuMs([pid]);
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    if ((await cpuMs([pid])) - before <= idleCpuMs) return true;
  }
  return false;
}
