import type { ClientBase } from "pg";
import {
  migrate,
  MigrationError,
  type AppliedMigration,
  type MigrationTarget,
} from "../migrate.ts";

/**
 * Migrates the first schema of the `search_path` to this version. See `migrate` for the steps, the
 * result and the errors.
 *
 * @param client a connected client that is not used for anything else at the same time
 * @param lockTimeoutMs maximum wait for another process that migrates
 */
export async function migratePostgres(
  client: ClientBase,
  migrationsFolder: string,
  lockTimeoutMs = 60_000,
): Promise<string[]> {
  const problem = await findPlaceProblem(client);
  if (problem !== undefined) throw new MigrationError(problem);
  return migrate(postgresTarget(client, lockTimeoutMs), migrationsFolder);
}

/** Returns why Baton cannot use this database or schema; undefined if it can. */
export async function findPlaceProblem(client: ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<Place>(readPlace);
  const [place] = rows;
  return place && findProblem(place);
}

interface Place {
  readonly database: string;
  readonly encoding: string;
  readonly schema: string | null;
  readonly path: string;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

const readPlace = `
  SELECT current_database() AS "database", current_setting('server_encoding') AS "encoding",
    current_schema() AS "schema", current_setting('search_path') AS "path",
    pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only')::boolean AS "isReadOnly"`;

function findProblem(place: Place): string | undefined {
  const { database, encoding, schema, path, isStandby, isReadOnly } = place;
  if (isStandby)
    return "The database is read-only, like a standby. Use the address of the primary.";
  if (isReadOnly) {
    return (
      "Its transactions are read-only: default_transaction_read_only is on, and a pooler prevents Baton from " +
      "changing it. Turn it off for the role of DATABASE_URL: ALTER ROLE … SET default_transaction_read_only = off."
    );
  }
  if (encoding !== "UTF8") {
    return (
      `The database ${database} has the encoding ${encoding}, which cannot represent all text. Create ` +
      `one with UTF8: CREATE DATABASE baton ENCODING 'UTF8' TEMPLATE template0 LOCALE 'C'.`
    );
  }
  if (schema === null || schema === "pg_catalog") {
    return (
      `The database ${database} has no schema in its search_path (${path}) that this role may ` +
      "use. Create one, or grant the role USAGE and CREATE on one."
    );
  }
  return undefined;
}

/** The lock that `prisma migrate` uses, so that it waits, too. */
const advisoryLock = 72707369;

export function postgresTarget(client: ClientBase, lockTimeoutMs: number): MigrationTarget {
  return {
    elsewhere: "another database or schema",
    async tableNames() {
      const { rows } = await client.query<{ name: string }>(readTableNames);
      return rows.map(({ name }) => name);
    },
    async readApplied() {
      const { rows } = await client.query<AppliedMigration>(
        `SELECT "migration_name" AS "name", "checksum", "finished_at"::text AS "finishedAt"
         FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL
         ORDER BY "migration_name" COLLATE "C"`,
      );
      return rows;
    },
    async inTurn(work) {
      // With a stricter level, the changes of others would stay invisible after the wait for them.
      await client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
      try {
        // The lock timeout also bounds how long a migration waits for a table, and so blocks others.
        await client.query("SET LOCAL statement_timeout = 0");
        await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
        await takeLock(client, lockTimeoutMs);
        const result = await work();
        await client.query("COMMIT");
        return result;
      } catch (error) {
        // If the connection is lost, PostgreSQL rolls back.
        await client.query("ROLLBACK").catch(() => {});
        throw error;
      }
    },
    async createMigrationsTable() {
      await requireCreate(client);
      await requireExtensions(client);
      await client.query(createMigrationsTable);
    },
    async runScript(sql) {
      try {
        await client.query(sql); // without values, so it can contain several statements
      } catch (cause) {
        const { message, position } = cause as { message: string; position?: string };
        if (position === undefined) throw cause;
        const line = sql.slice(0, Number(position)).split("\n").length;
        throw new Error(`Line ${line}: ${message}`, { cause });
      }
    },
    async record({ id, checksum, name, startedAt, finishedAt }) {
      await client.query(
        `INSERT INTO "_prisma_migrations"
           ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
         VALUES ($1, $2, $3, $4, $5, 1)`,
        [id, checksum, name, startedAt, finishedAt],
      );
    },
  };
}

async function takeLock(client: ClientBase, lockTimeoutMs: number): Promise<void> {
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [advisoryLock]);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "55P03") throw cause; // lock_not_available
    throw new MigrationError(
      `Another process has been migrating the database for ${lockTimeoutMs / 1000} s. Wait until ` +
        `it has finished. If no process is migrating, end the session that holds the advisory lock ${advisoryLock} ` +
        "(see pg_locks), and start again.",
      { cause },
    );
  }
}

async function requireCreate(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ schema: string; role: string }>(
    `SELECT quote_ident(current_schema()) AS "schema", quote_ident(current_user) AS "role"
     WHERE NOT has_schema_privilege(current_schema(), 'CREATE')`,
  );
  for (const { schema, role } of rows) {
    throw new MigrationError(
      `The role ${role} may not create tables in the schema ${schema}. Have its owner run: ` +
        `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}.`,
    );
  }
}

/** Searches need these extensions. They come with PostgreSQL, and a role with CREATE on the database may create them. */
async function requireExtensions(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; isThere: boolean; role: string }>(
    `SELECT "name", EXISTS (SELECT FROM pg_available_extensions AS a WHERE a.name = wanted."name") AS "isThere",
       quote_ident(current_user) AS "role"
     FROM unnest(ARRAY['pg_trgm', 'btree_gin']) AS wanted("name")
     WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = "name")
       AND NOT (has_database_privilege(current_database(), 'CREATE')
         AND EXISTS (SELECT FROM pg_available_extensions AS a WHERE a.name = wanted."name"))`,
  );
  for (const { name, isThere, role } of rows) {
    throw new MigrationError(
      isThere
        ? `The role ${role} may not create the extension ${name}. Have the owner of the database run in it: ` +
            "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin."
        : `This PostgreSQL server lacks the extension ${name}. Install its contrib package (postgresql-contrib).`,
    );
  }
}

/** Leaves out tables that belong to an extension. */
const readTableNames = `
  SELECT relname AS "name" FROM pg_class
  WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p', 'f')
    AND NOT EXISTS (
      SELECT FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
  ORDER BY relname`;

/** The same statement as Prisma's. */
const createMigrationsTable = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`;
