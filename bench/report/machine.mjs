import { cpus, loadavg, totalmem } from "node:os";

/** The machine of the measurements. The load is the average of the minute before. */
export function machine() {
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    loadBefore: Number(loadavg()[0].toFixed(1)),
  };
}
