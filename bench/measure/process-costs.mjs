// The costs of a process as Linux reports them. Every benchmark measures servers as processes, from outside.

import { readdir, readFile } from "node:fs/promises";

/** Linux counts CPU time in hundredths of a second. */
const msPerTick = 10;

/**
 * CPU time of processes and of their children, in ms, with a resolution of 10 ms.
 * @param {number[]} pids
 */
export async function cpuMs(pids) {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // A process can end between the listing and the reading.
  const stats = await Promise.all(
    all.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => null)),
  );
  let sum = 0;
  for (const [place, stat] of stats.entries()) {
    if (stat === null) continue;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (!pids.includes(Number(all[place])) && !pids.includes(Number(fields[1]))) continue;
    sum += (Number(fields[11]) + Number(fields[12])) * msPerTick;
  }
  return sum;
}

/** Resident memory of one process, in KiB. `peak` is the highest since it started. */
export async function residentKib(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { now: field("VmRSS"), peak: field("VmHWM") };
}
