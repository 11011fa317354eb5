// The processes that a benchmark measures: instances of the built `baton`, a PostgreSQL, and what they cost.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startPostgres } from "../test/embedded-postgres.mjs";

const root = new URL("../", import.meta.url);
const baton = fileURLToPath(new URL("dist/cli/baton.js", root));

/** Linux counts CPU time in hundredths of a second. */
const msPerTick = 10;

/** Something of the built server, such as `store/committer.js`. */
export const built = (path) => import(new URL(`dist/${path}`, root).href);

/** A PostgreSQL with its default settings: a commit waits for the disk. Gives a new database at each `create`. */
export async function openPostgres() {
  const server = await startPostgres({ postgresFlags: ["-c", "max_connections=200"] });
  let count = 0;
  const query = async (url, sql) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    /** Of the process that started all the others. */
    pid: await postmasterOf(server.url),
    async create() {
      const name = `bench_${(count += 1)}`;
      await query(server.url, `CREATE DATABASE ${name}`);
      return server.url.replace(/postgres$/, name);
    },
    async partition(url) {
      await query(url, await readFile(new URL("prisma/postgres/partition.sql", root), "utf8"));
    },
    query,
    stop: server.stop,
  };
}

/** A folder that is removed by `remove`. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "baton-bench-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Starts that many instances on one database, one after the other.
 * @param databaseUrl of a PostgreSQL; left out: a SQLite of their own
 */
export async function startInstances(count, databaseUrl) {
  const folder = await temporaryFolder();
  const instances = [];
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await folder.remove();
  };
  try {
    while (instances.length < count) {
      instances.push(await startInstance(join(folder.path, String(instances.length)), databaseUrl));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  // All serve one database, where the first one's token is good everywhere.
  const [{ token }] = instances;
  return { instances: instances.map((instance) => ({ ...instance, token })), stop };
}

async function startInstance(dataDir, databaseUrl) {
  const child = spawn(
    process.execPath,
    [baton, "serve", "--port", "0", "--data-dir", dataDir, "--log-level", "warn"],
    {
      env: { PATH: process.env.PATH, ...(databaseUrl && { DATABASE_URL: databaseUrl }) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const closed = once(child, "close");
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let said = "";
  const ready = new Promise((resolve) => {
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const url = /API +(http:\S+)\/graphql\n/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
  const url = await Promise.race([ready, closed.then(() => null)]);
  if (url === null) throw new Error("An instance ended while it started.");
  return {
    url,
    pid: child.pid,
    token: await readFile(join(dataDir, "local.token"), "utf8").then(
      (text) => text.trim(),
      () => null,
    ),
    async stop() {
      process.off("exit", kill);
      child.kill("SIGTERM");
      await closed;
    },
  };
}

/** What /proc says of every process: its parent, and its CPU time. */
async function readProcesses() {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => null)), // it has ended
  );
  return stats.flatMap((stat, place) => {
    if (stat === null) return [];
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return [{ pid: Number(pids[place]), parent: Number(fields[1]), ms: ticks * msPerTick }];
  });
}

/** Undefined where the system has no /proc. */
async function postmasterOf(url) {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
  const processes = await readProcesses().catch(() => []);
  await client.end();
  return processes.find(({ pid }) => pid === rows[0].pid)?.parent;
}

/** CPU time of processes and of those they started, in ms; NaN where the system has no /proc. */
export async function cpuMs(pids) {
  const processes = await readProcesses().catch(() => null);
  if (processes === null) return Number.NaN;
  const counted = processes.filter(
    ({ pid, parent }) => pids.includes(pid) || pids.includes(parent),
  );
  return counted.reduce((sum, { ms }) => sum + ms, 0);
}
