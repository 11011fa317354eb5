import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { migratePostgres } from "../src/database/postgres/migrate-postgres.ts";
import { copiesOf } from "./postgres.ts";

const folder = new URL("../prisma/postgres/", import.meta.url);

/** Creates a database on the PostgreSQL of this run, with the tables of this version. */
export const createMigratedPostgres = copiesOf("migrated", (url) => prepare(url, migrateTables));

/** The same, partitioned by user with the operator's script. */
export const createPartitionedPostgres = copiesOf("partitioned", (url) =>
  prepare(url, async (client) => {
    await migrateTables(client);
    await partition(client);
  }),
);

const migrateTables = (client: Client) =>
  migratePostgres(client, fileURLToPath(new URL("migrations", folder)));

async function prepare(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `prisma/postgres/partition.sql`. */
export async function partition(client: Client): Promise<void> {
  await client.query(await readFile(new URL("partition.sql", folder), "utf8"));
}
