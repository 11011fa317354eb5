import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts a process that asks a server for /health/live all the time. */
export async function startProbe({ url }) {
  const child = fork(fileURLToPath(new URL("probe-program.mjs", import.meta.url)), [url]);
  const closed = once(child, "close").then(() => {
    throw new Error("The probe ended.");
  });
  closed.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), closed]))[0];
  const longest = () => {
    child.send("longest");
    return answer();
  };
  await answer();
  return {
    /** The longest delay of an answer while `work` ran, in ms. */
    async during(work) {
      await longest();
      await work();
      return longest();
    },
    stop: async () => void child.kill("SIGKILL"),
  };
}
