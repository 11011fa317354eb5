// @ts-check
// A producer and a consumer in two processes; the consumer is killed in the middle, and started again once everything
// was handed over without it: node examples/handoff/run.mjs
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect, fail } from "../baton-client.mjs";

async function main() {
  await connect("run"); // Without a server that is said once, not by each of the two.

  const first = start("consumer");
  const producer = start("producer");
  const killed = said(first, "woke").then(() => {
    first.process.kill("SIGKILL");
    console.log("run      | killed the consumer");
  });
  await Promise.all([killed, said(producer, "waiting")]);

  console.log("run      | starts the consumer again");
  const second = start("consumer");

  const [code] = await once(producer.process, "exit");
  second.process.kill();
  console.log(code === 0 ? "run      | every report was answered" : "run      | it failed");
  process.exitCode = code ?? 1;
}

/** @typedef {ReturnType<typeof start>} Program */

/** @param {"producer" | "consumer"} name */
function start(name) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  lines.on("line", (line) => console.log(`${name.padEnd(8)} | ${line}`));
  process.once("exit", () => child.kill());
  return { process: child, lines };
}

/** @param {Program} program @param {string} beginning of the line to wait for @returns {Promise<void>} */
function said({ process, lines }, beginning) {
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => line.startsWith(beginning) && resolve());
    process.once("exit", () => reject(new Error(`It ended before it said: ${beginning}`)));
  });
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
main().catch(fail);
