import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { startPostgres, type EmbeddedPostgres } from "../embedded-postgres.mjs";
import { msUntil } from "./instances.ts";

/** A PostgreSQL server that a test can stop, crash and start. It keeps its data. */
export interface OwnPostgres extends AsyncDisposable {
  readonly url: string;
  /** Creates a new database. */
  createDatabase(): Promise<AsyncDisposable & { readonly url: string }>;
  /** Stops the server and keeps its files. SIGINT closes its connections first; SIGQUIT and SIGKILL are a crash. */
  halt(signal: NodeJS.Signals): Promise<void>;
  /** Starts the server again with the same files and port. */
  start(): Promise<void>;
  /**
   * Restarts the server with a standby. From then on, each acknowledged write is on both. The standby has the same
   * databases, and its own URL.
   */
  startStandby(): Promise<EmbeddedPostgres>;
}

export interface OwnPostgresOptions {
  readonly settings?: readonly string[];
  readonly env?: Record<string, string>;
  readonly binariesFolder?: string;
}

export interface Outsider extends AsyncDisposable {
  select(sql: string, values?: unknown[]): Promise<Record<string, any>[]>;
}

export function ownPostgres(...settings: string[]): Promise<OwnPostgres> {
  return startOwnPostgres({ settings });
}

/** @param options its settings, and further options of its start */
export async function startOwnPostgres({
  settings = [],
  ...options
}: OwnPostgresOptions): Promise<OwnPostgres> {
  const postgresFlags = ["fsync=on", ...settings].flatMap((setting) => ["-c", setting]);
  const primary = await startPostgres({ postgresFlags, ...options });
  const { url, halt, start, stop } = primary;
  const execute = async (sql: string) => {
    await using outsider = await connectTo(url);
    await outsider.select(sql);
  };
  return {
    url,
    async createDatabase() {
      const name = `baton_test_${randomBytes(8).toString("hex")}`;
      await execute(`CREATE DATABASE ${name}`);
      return {
        url: url.replace(/postgres$/, name),
        [Symbol.asyncDispose]: () => execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      };
    },
    halt,
    start,
    async startStandby() {
      await execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
      await halt("SIGINT");
      const alone = ["-c", "synchronous_standby_names="];
      const standby = await startPostgres({
        postgresFlags: [...postgresFlags, ...alone],
        standbyOf: primary,
      });
      await start();
      await using outsider = await connectTo(url);
      await msUntil(async () => {
        const rows = await outsider.select("SELECT sync_state FROM pg_stat_replication");
        return rows[0]?.sync_state === "sync";
      });
      return standby;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Connects to the database as `outsider`, separately from the instances. */
export async function connectTo(url: string): Promise<Outsider> {
  const client = new Client({ connectionString: url, application_name: "outsider" });
  client.on("error", () => {});
  await client.connect();
  return {
    select: async (sql, values) => (await client.query(sql, values)).rows,
    [Symbol.asyncDispose]: () => client.end().catch(() => {}),
  };
}

/** Makes PostgreSQL end the connections whose names match the pattern. */
export function terminate(outsider: Outsider, applicationNames: string): Promise<unknown> {
  return outsider.select(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1",
    [applicationNames],
  );
}
