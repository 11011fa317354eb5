import { cpus, loadavg, totalmem } from "node:os";

/** What the figures were measured on. The load is that of the minute before. */
export function machine() {
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    loadBefore: Number(loadavg()[0].toFixed(1)),
  };
}
