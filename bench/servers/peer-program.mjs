import { fileURLToPath } from "node:url";
import { findFreePort, startProcess } from "./child-process.mjs";

/**
 * Starts a peer that is a Node program of this folder: its first argument is its port.
 * @param {string} program such as `mercurius-program.mjs`
 */
export async function startPeer(program, ...args) {
  const port = await findFreePort();
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { pid, stop } = await startProcess(process.execPath, [path, String(port), ...args], {
    port,
  });
  return { url: `http://127.0.0.1:${port}`, pid, stop: () => stop("SIGKILL") };
}
