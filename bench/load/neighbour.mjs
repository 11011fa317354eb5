import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("neighbour-probe-program.mjs", import.meta.url));

/** Starts a process that reads and writes an entry all the time, as a user of its own. */
export async function startNeighbour({ url, token }) {
  const child = fork(program, [url, token]);
  const closed = once(child, "close").then(() => {
    throw new Error("The neighbour ended.");
  });
  closed.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), closed]))[0];
  const longest = () => {
    child.send("longest");
    return answer();
  };
  await answer();
  return {
    /** The longest that a read and a write took while `work` ran: `{ readMs, writeMs }`. */
    async during(work) {
      await longest();
      await work();
      return longest();
    },
    stop: async () => void child.kill("SIGKILL"),
  };
}
