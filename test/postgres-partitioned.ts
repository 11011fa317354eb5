import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { migratePostgres } from "../src/database/postgres/migrate-postgres.ts";
import type { OwnDatabase } from "./own-database.ts";
import { createPostgres } from "./postgres.ts";

const folder = new URL("../prisma/postgres/", import.meta.url);

/** A new database on the PostgreSQL of this run, migrated, and partitioned by user with the operator's script. */
export async function createPartitionedPostgres(): Promise<OwnDatabase> {
  const database = await createPostgres();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    await migratePostgres(client, fileURLToPath(new URL("migrations", folder)));
    await partition(client);
  } finally {
    await client.end();
  }
  return database;
}

/** Runs `prisma/postgres/partition.sql`. */
export async function partition(client: Client): Promise<void> {
  await client.query(await readFile(new URL("partition.sql", folder), "utf8"));
}
