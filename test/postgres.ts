import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import type { Config } from "../src/config.ts";
import type { OwnDatabase } from "./own-database.ts";

/**
 * Creates a database on the PostgreSQL of this run.
 * @param config additional configuration of its servers
 * @param tablespace of its tables
 */
export async function createPostgres(
  config: Partial<Config> = {},
  tablespace = "pg_default",
): Promise<OwnDatabase> {
  const name = `baton_test_${randomBytes(8).toString("hex")}`;
  const shared = inject("postgresUrl");
  const url = new URL(shared);
  url.pathname = name;
  await run(shared, `CREATE DATABASE ${name} TABLESPACE ${tablespace}`);
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
