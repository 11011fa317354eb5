import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import { startPostgres as startEmbedded } from "../../test/embedded-postgres.mjs";

const run = promisify(execFile);

/** A PostgreSQL with its default settings: a commit waits for the disk. Each `create` returns a new database. */
export async function startPostgres() {
  const server = await startEmbedded({ postgresFlags: ["-c", "max_connections=200"] });
  let count = 0;
  return {
    /** The process that started all the others, whose CPU time is included. */
    pid: await postmasterOf(server.url),
    async create() {
      const name = `bench_${(count += 1)}`;
      await query(server.url, `CREATE DATABASE ${name}`);
      return server.url.replace(/postgres$/, name);
    },
    stop: server.stop,
  };
}

async function query(url, sql) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterOf(url) {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
  const { stdout } = await run("ps", ["-o", "ppid=", "-p", String(rows[0].pid)]);
  await client.end();
  return Number(stdout);
}
