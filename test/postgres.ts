import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import type { Config } from "../src/config.ts";
import type { OwnDatabase } from "./own-database.ts";

/**
 * Creates an empty database on the PostgreSQL of this run.
 * @param config additional configuration of its servers
 * @param tablespace of its tables
 */
export function createPostgres(
  config: Partial<Config> = {},
  tablespace = "pg_default",
): Promise<OwnDatabase> {
  return create(newName(), config, `TABLESPACE ${tablespace}`);
}

/**
 * Returns a function that creates copies of a database. A copy needs a quarter of the time of the migrations, and has the
 * same epoch as the others.
 * @param prepare works on the empty database, and closes its connections
 */
export function copiesOf(
  name: string,
  prepare: (url: string) => Promise<void>,
): () => Promise<OwnDatabase> {
  let isPrepared: Promise<void> | undefined;
  return async () => {
    // One for each process that runs tests, so that none of them waits. The setup of the run removes them.
    const template = `${inject("templatePrefix")}_${name}_${process.pid}`;
    await (isPrepared ??= create(template, {}).then(({ url }) => prepare(url)));
    return create(newName(), {}, `TEMPLATE ${template}`);
  };
}

const newName = () => `baton_test_${randomBytes(8).toString("hex")}`;

async function create(name: string, config: Partial<Config>, options = ""): Promise<OwnDatabase> {
  const shared = inject("postgresUrl");
  const url = new URL(shared);
  url.pathname = name;
  await run(shared, `CREATE DATABASE ${name} ${options}`);
  return {
    url: url.href,
    config: { ...config, databaseUrl: url.href },
    execute: async (sql) => void (await run(url.href, sql)),
    query: <Row>(sql: string) => run<Row>(url.href, sql),
    [Symbol.asyncDispose]: async () =>
      void (await run(shared, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

async function run<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url, application_name: "baton test" });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
