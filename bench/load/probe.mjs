import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * Starts a process that requests /health/live continuously. `during` returns the longest delay of a response, in ms.
 */
export const startProbe = ({ url }) => start("probe-program.mjs", [url]);

/**
 * Starts a process that reads and writes an entry continuously, as another user. `during` returns the longest read
 * the longest write, and the most CPU time of the server during one read: `{ readMs, socketReadMs, writeMs, readCpuMs }`.
 */
export const startNeighbour = ({ url, token, pid }) =>
  start("neighbour-probe-program.mjs", [url, token, pid]);

async function start(program, args) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), args);
  const closed = once(child, "close").then(() => {
    throw new Error(`${program} ended.`);
  });
  closed.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), closed]))[0];
  const longest = () => {
    child.send("longest");
    return answer();
  };
  await answer();
  return {
    /** Returns the longest durations while `work` ran. */
    async during(work) {
      await longest();
      await work();
      return longest();
    },
    stop: async () => void child.kill("SIGKILL"),
  };
}
