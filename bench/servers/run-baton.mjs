import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { batonProgram } from "./baton.mjs";

const run = promisify(execFile);

/**
 * Runs a command of the built `baton` and returns its standard output.
 * @param {string[]} args
 * @param {{ databaseUrl?: string }} [options]
 */
export async function runBaton(args, { databaseUrl } = {}) {
  const { stdout } = await run(process.execPath, [batonProgram, ...args], {
    env: { PATH: process.env.PATH, ...(databaseUrl && { DATABASE_URL: databaseUrl }) },
    maxBuffer: 1024 ** 2,
  });
  return stdout.trim();
}
