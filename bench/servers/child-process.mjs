import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Long enough for every server, even on a busy machine. */
const startTimeoutMs = 60_000;
const lookAgainMs = 5;

/**
 * Starts a program that serves on a port of 127.0.0.1, and waits until it accepts connections.
 * It ends with this process, regardless of how this process ends.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ port: number, env?: Record<string, string>, isReady?: () => Promise<boolean> }} options
 */
export async function startProcess(command, args, { port, env = {}, isReady }) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => (log = `${log}${chunk}`.slice(-4_000)));
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const closed = once(child, "close").finally(() => process.off("exit", kill));
  let hasEnded = false;
  void closed.finally(() => (hasEnded = true));
  const deadline = performance.now() + startTimeoutMs;
  while (!(await (isReady ?? (() => accepts(port)))())) {
    if (hasEnded) throw new Error(`${command} ended while it started:\n${log}`);
    if (performance.now() > deadline) throw new Error(`${command} did not start:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  return {
    pid: child.pid,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await closed;
    },
  };
}

export function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true) ?? socket.destroy());
    socket.once("error", () => resolve(false));
  });
}

export async function findFreePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A folder that `remove` deletes. The folders of all servers are on the same disk. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "baton-bench-"));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
