import { PrismaLibSql } from "@prisma/adapter-libsql";
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { PrismaClient as PostgresClient } from "../../src/database/generated/postgres/client.ts";
import { PrismaClient } from "../../src/database/generated/sqlite/client.ts";
import { migratePostgres } from "../../src/database/postgres/migrate-postgres.ts";
import { migrateSqlite } from "../../src/database/sqlite/migrate-sqlite.ts";
import { createSqlite } from "../own-database.ts";
import { createPostgres } from "../postgres.ts";
import { Migrations } from "./migrations.ts";

/** A kind of database that Baton migrates. */
export interface MigratedKind {
  readonly name: string;
  readonly released: Migrations;
  /** Creates an empty database. It is removed when the running test has finished. */
  create(): Promise<MigratedDatabase>;
}

export interface MigratedDatabase {
  readonly url: string;
  open(): Promise<Connection>;
  /** The client that `npm run generate` writes. */
  client(): PrismaClient;
  /** The adapter for Prisma's own engine. */
  adapter(): SqlMigrationAwareDriverAdapterFactory;
}

export interface Connection {
  migrate({ folder }: Migrations): Promise<string[]>;
  query<T = Record<string, unknown>>(sql: string): Promise<T[]>;
  execute(sql: string): Promise<unknown>;
  tableNames(): Promise<string[]>;
  /** Describes the table `_prisma_migrations`. */
  describeRecord(): Promise<unknown>;
}

export const sqlite: MigratedKind = {
  name: "SQLite",
  released: Migrations.released("sqlite"),
  async create() {
    const { url, [Symbol.asyncDispose]: dispose } = await createSqlite();
    onTestFinished(dispose);
    const adapter = () =>
      new PrismaLibSql({ url, timeout: 5000 }, { timestampFormat: "unixepoch-ms" });
    const client = () => {
      const opened = new PrismaClient({ adapter: adapter() });
      onTestFinished(() => opened.$disconnect());
      return opened;
    };
    return { url, adapter, client, open: async () => sqliteConnection(client()) };
  },
};

function sqliteConnection(client: PrismaClient): Connection {
  const query = <T>(sql: string) => client.$queryRawUnsafe<T[]>(sql);
  return {
    migrate: ({ folder }) =>
      migrateSqlite(
        {
          all: (text, ...values) => client.$queryRawUnsafe(text, ...values),
          run: (text, ...values) => client.$executeRawUnsafe(text, ...values),
        },
        folder,
      ),
    query,
    execute: (sql) => client.$executeRawUnsafe(sql),
    tableNames: async () => {
      const rows = await query<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
      );
      return rows.map(({ name }) => name);
    },
    describeRecord: () =>
      query("SELECT sql FROM sqlite_master WHERE name = '_prisma_migrations' AND type = 'table'"),
  };
}

export const postgres: MigratedKind = {
  name: "PostgreSQL",
  released: Migrations.released("postgres"),
  async create() {
    const { url, [Symbol.asyncDispose]: dispose } = await createPostgres();
    onTestFinished(dispose);
    const adapter = () => new PrismaPg({ connectionString: url });
    return {
      url,
      adapter,
      client: () => {
        const client = new PostgresClient({ adapter: adapter() });
        onTestFinished(() => client.$disconnect());
        return client as unknown as PrismaClient;
      },
      open: async () => postgresConnection(await connect(url)),
    };
  },
};

/** Opens a connection that is closed when the running test has finished. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  onTestFinished(() => client.end());
  await client.connect();
  return client;
}

function postgresConnection(client: Client): Connection {
  const query = async <T>(sql: string) => (await client.query(sql)).rows as T[];
  return {
    migrate: ({ folder }) => migratePostgres(client, folder),
    query,
    execute: query,
    tableNames: async () => {
      const rows = await query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = 'public' ORDER BY table_name`,
      );
      return rows.map(({ name }) => name);
    },
    describeRecord: () =>
      query(
        `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default,
           (SELECT array_agg(pg_get_indexdef(indexrelid)) FROM pg_index
            WHERE indrelid = '"_prisma_migrations"'::regclass)
         FROM information_schema.columns WHERE table_name = '_prisma_migrations'
         ORDER BY ordinal_position`,
      ),
  };
}

/** Both kinds. */
export const migratedKinds: readonly MigratedKind[] = [sqlite, postgres];
