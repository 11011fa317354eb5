import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort, startProcess, temporaryFolder } from "./child-process.mjs";

/** The built command line, as its users run it. */
export const batonProgram = fileURLToPath(new URL("../../dist/cli/baton.js", import.meta.url));

/**
 * Starts `baton serve` and waits until it is ready.
 *
 * @param {object} [options]
 * @param {string} [options.dataDir] kept when the server stops; if omitted, a temporary one
 * @param {string} [options.databaseUrl] of a PostgreSQL; if omitted, SQLite in the data directory
 * @param {string[]} [options.nodeFlags] such as `["--cpu-prof"]`
 * @param {string[]} [options.flags] of `baton serve`
 * @param {Record<string, string>} [options.env] in addition to the default environment
 * @param {string} [options.token] for an instance that joins others and has no `local.token`
 */
export async function startBaton({
  dataDir,
  databaseUrl,
  nodeFlags = [],
  flags = [],
  token,
  env = {},
} = {}) {
  const folder = dataDir === undefined ? await temporaryFolder() : undefined;
  const path = dataDir ?? folder.path;
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
  const args = ["serve", "--port", String(port), "--data-dir", path, "--log-level", "warn"];
  const begin = performance.now();
  const started = await startProcess(
    process.execPath,
    [...nodeFlags, batonProgram, ...args, ...flags],
    {
      port,
      isReady,
      env: { ...env, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
    },
  );
  return {
    url,
    databaseUrl,
    dataDir: path,
    pid: started.pid,
    /** From before the process was started until it reported that it was ready, to 10 ms. */
    startMs: performance.now() - begin,
    token: token ?? (await readFile(join(path, "local.token"), "utf8")).trim(),
    async stop(signal) {
      await started.stop(signal);
      await folder?.remove();
    },
  };
}
