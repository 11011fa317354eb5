// The work, and its errors.
import { setTimeout } from "node:timers/promises";
import type { Task } from "./outcome.ts";

/** Counts the rows of a table. */
export async function countRows(
  { csv, breaks }: Task,
  attempt: number,
  signal: AbortSignal,
): Promise<number> {
  await setTimeout(100, null, { signal });
  if (breaks === "worker") process.kill(process.pid, "SIGKILL");
  if (breaks === "first attempt" && attempt === 1) throw new Error("the source is busy");
  if (breaks === "every attempt") throw new Error("the table has no header");
  return csv.trim().split("\n").length - 1;
}
