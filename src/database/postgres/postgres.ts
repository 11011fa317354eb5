import type { Logger } from "pino";
import { notReadyForLowDisk, unavailable } from "../../errors.ts";
import type {
  Database,
  ClaimNews,
  DiskState,
  HeadListener,
  Retention,
  WriteTransaction,
} from "../../store/contract.ts";
import { indexStep } from "../../store/search/index-step.ts";
import { postgresSearch } from "../../store/search/search-postgres.ts";
import { within } from "../../within.ts";
import { compact, forgetRecords, forgetTokens, type AgingRows } from "../compact.ts";
import { LogSizes } from "../log-sizes.ts";
import { FairQueue } from "../fair-queue.ts";
import type { PrismaClient } from "../generated/sqlite/client.ts";
import { Reads } from "../reads.ts";
import { sql, type SqlReader } from "../sql.ts";
import { tokenTable } from "../token-table.ts";
import { PostgresConnection } from "./connection.ts";
import { epoch, renewEpoch } from "./epoch.ts";
import { translateErrors } from "./errors.ts";
import { FullDisk } from "./full-disk.ts";
import { announceTokens, Notifications, type NotificationListeners } from "./notifications.ts";
import { now } from "./now.ts";
import { prepareSchema } from "./prepare-schema.ts";
import { rowTable } from "./row-table.ts";
import type { SessionConfig } from "./session-client.ts";
import { connectTimeoutMs, sessionConfig } from "./session-config.ts";
import { sessionSettings } from "./session-settings.ts";
import { SharedCheck } from "./shared-check.ts";
import { createUsers, PostgresWriteTransaction } from "./write-transaction.ts";

export interface PostgresOptions {
  /** `postgresql://…` in the form of libpq and node-postgres. */
  readonly url: string;
  /** Maximum number of connections: two for the committer, one for notifications, and the others for everything else. */
  readonly connections: number;
}

/** PostgreSQL cancels a statement that takes longer. */
const statementTimeoutMs = 30_000;
/** The driver stops waiting for a response after this time, in case PostgreSQL no longer cancels statements. */
const responseTimeoutMs = 35_000;
/** PostgreSQL ends an idle transaction after this time, because it holds locks for which other instances wait. */
const idleTransactionTimeoutMs = 5_000;
/** Longer than `idleTransactionTimeoutMs`, so that a wait outlasts an idle transaction. */
const lockTimeoutMs = 10_000;
/** One for transactions of groups, and one for those of single users. */
const writeConnections = 2;
/** Every request waits for its token. */
const tokenTimeoutMs = 5_000;
const idleConnectionTimeoutMs = 5 * 60_000;
/** A database that takes longer to respond to a ping cannot serve. */
const pingTimeoutMs = 2_000;
/** A ping waits for a lock for at most this time, so that it returns its connection while the lock is still held. */
const pingLockTimeoutMs = 1_000;
/** A database that hangs does not respond to a request to close, either. */
const closeTimeoutMs = 500;

/**
 * Connects, creates or migrates the tables, and keeps a pool of connections and one more for the committer. Instances
 * can start at the same time: one migrates, and the others wait for it.
 * @throws StartError if the database cannot be used
 */
export async function openPostgres(options: PostgresOptions, logger: Logger): Promise<Database> {
  const limits = { statementTimeoutMs, lockTimeoutMs, idleTransactionTimeoutMs };
  const schema = await prepareSchema(options.url, sessionSettings(limits), logger);
  const settings = sessionSettings({ ...limits, schema });
  const configOf = (applicationName: string) =>
    sessionConfig(options.url, applicationName, settings);
  const connect = (config: SessionConfig, connections: number) =>
    new PostgresConnection({
      ...config,
      schema,
      onLoss: (error) => logger.debug({ err: error }, "a connection was lost"),
      max: connections,
      idleTimeoutMillis: idleConnectionTimeoutMs,
      query_timeout: responseTimeoutMs,
    });
  const readConnections = options.connections - 1 - writeConnections;
  return new PostgresDatabase(
    connect(configOf("baton committer"), writeConnections),
    connect(configOf("baton"), readConnections),
    // The lookup of tokens and the server's own work do not wait for the reads of users.
    Math.max(1, readConnections - 1),
    (listeners) =>
      new Notifications({
        config: { ...configOf("baton notifications"), query_timeout: connectTimeoutMs },
        ...listeners,
        logger,
      }),
  );
}

type StartNotifications = (listeners: NotificationListeners) => Notifications;

class PostgresDatabase extends Reads implements Database {
  readonly tokens;
  readonly #committer: PostgresConnection;
  readonly #pool: PostgresConnection;
  readonly #startNotifications: StartNotifications;
  #notifications: Notifications | null = null;
  readonly #aging: AgingRows;
  readonly #disk = new FullDisk();
  readonly #serving = new SharedCheck(() => this.#checkServing());
  #tokensChanged = () => {};

  constructor(
    committer: PostgresConnection,
    pool: PostgresConnection,
    /** Maximum number of users' reads at the same time. */
    maxReads: number,
    startNotifications: StartNotifications,
  ) {
    const reads = new FairQueue(maxReads, connectTimeoutMs);
    const readerOf = (userId: string): SqlReader => ({
      all: (query) => reads.run(userId, () => pool.all(query)),
      allWithin: (query, maxMs) => reads.run(userId, () => pool.allWithin(query, maxMs)),
    });
    super({ client: pool, now, epoch, table: rowTable, dialect: postgresSearch }, readerOf);
    this.#committer = committer;
    this.#pool = pool;
    this.#aging = {
      reader: pool,
      now,
      inTransaction: (work) => pool.transaction(work),
      sizes: new LogSizes(),
    };
    this.#startNotifications = startNotifications;
    let typed: Promise<PrismaClient> | null = null;
    const withClient = <T>(work: (client: PrismaClient) => Promise<T>) =>
      translateErrors(async () => work(await (typed ??= typedClient(pool))));
    this.tokens = tokenTable(
      pool.respondingWithin(tokenTimeoutMs),
      this.#aging.inTransaction,
      readerOf,
      withClient,
      {
        // If it fails, the other instances notice the change within a second.
        announce: () => announceTokens(pool).catch(() => {}),
        listen: (changed) => (this.#tokensChanged = changed),
        isNoticed: () => false,
      },
    );
  }

  get isDiskVeryLow(): boolean {
    // PostgreSQL does not tell how much space is left.
    return false;
  }

  get isDiskLow(): boolean {
    return this.#disk.isFull;
  }

  async write<T>(
    userIds: readonly string[],
    work: (transaction: WriteTransaction) => Promise<T>,
    isOnlyUnlocked = false,
  ): Promise<T> {
    try {
      for (;;) {
        const done = await this.#commit(userIds, work, isOnlyUnlocked);
        if ("result" in done) return done.result;
        await createUsers(this.#pool, done.missing);
      }
    } catch (error) {
      this.#disk.found(error);
      throw error;
    }
  }

  writeAlone<T>(
    userId: string,
    work: (transaction: WriteTransaction) => Promise<T>,
    isOnlyUnlocked?: boolean,
  ): Promise<T> {
    return this.write([userId], work, isOnlyUnlocked);
  }

  /** Commits one transaction. If logs are missing, it does nothing and returns their users. */
  async #commit<T>(
    userIds: readonly string[],
    work: (transaction: WriteTransaction) => Promise<T>,
    isOnlyUnlocked: boolean,
  ): Promise<{ result: T } | { missing: readonly string[] }> {
    let isCommitting = false;
    try {
      return await this.#committer.transaction(async (client) => {
        const transaction = new PostgresWriteTransaction(client, userIds);
        const missing = await (isOnlyUnlocked ? transaction.lockUnlocked() : transaction.lockAll());
        if (missing.length > 0) return { missing };
        const result = await work(transaction);
        isCommitting = transaction.hasSaved;
        return { result };
      });
    } catch (error) {
      if (!isCommitting) throw error;
      throw unavailable(
        "The database failed during the commit: the write may or may not be stored. Read before you try again.",
        error,
      );
    }
  }

  indexStep(userId: string): Promise<number> {
    return indexStep(this, (work) => this.#pool.transaction(work), userId);
  }

  forgetRecords(maxAgeMs: number): Promise<void> {
    return forgetRecords(this.#aging, maxAgeMs);
  }

  forgetTokens(maxAgeMs: number): Promise<void> {
    return forgetTokens(this.#aging, maxAgeMs);
  }

  async renewEpoch(): Promise<void> {
    await this.#pool.run(renewEpoch);
  }

  compact(retention: Retention, isStopping = () => false): Promise<number> {
    return compact(this.#aging, retention, isStopping);
  }

  announce(heads: ReadonlyMap<string, bigint>): void {
    this.#notifications?.send(heads);
  }

  announceClaims(userId: string, news: ClaimNews): void {
    this.#notifications?.sendClaims(userId, news);
  }

  listen(
    listener: HeadListener,
    missed: () => void,
    claims: (userId: string, news: ClaimNews) => void,
  ): void {
    this.#notifications ??= this.#startNotifications({
      headGrown: listener,
      tokensChanged: () => this.#tokensChanged(),
      missed,
      claims,
    });
  }

  connections(): ReturnType<Database["connections"]> {
    return this.#pool.counts();
  }

  async watchDisk(): Promise<DiskState> {
    await this.#disk.look((work) => this.#pool.transaction(work));
    return this.disk();
  }

  disk(): DiskState {
    return { freeBytes: null, keptBytes: null, isLow: this.isDiskLow };
  }

  async ping(): Promise<void> {
    if (this.isDiskLow) throw notReadyForLowDisk();
    await this.#serving.run();
  }

  async close(): Promise<void> {
    const closed = [this.#notifications?.close(), this.#committer.close(), this.#pool.close()];
    await within<unknown>(closeTimeoutMs, Promise.all(closed), () => {});
  }

  async #checkServing(): Promise<void> {
    await within<unknown>(
      pingTimeoutMs,
      Promise.all([
        checkWritable(this.#pool),
        checkWritable(this.#committer).then(() => checkUnlocked(this.#committer)),
      ]),
      () => {
        throw unavailable("The database does not respond in time.");
      },
    );
  }
}

async function typedClient(connection: PostgresConnection): Promise<PrismaClient> {
  const generated = await import("../generated/postgres/client.ts");
  // The two generated clients share one type, because Baton uses the same part of both.
  return new generated.PrismaClient({
    adapter: connection.driverAdapter(),
  }) as unknown as PrismaClient;
}

async function checkWritable(connection: PostgresConnection): Promise<void> {
  const [row] = await connection.all<{ readOnly: string }>(
    sql`SELECT current_setting('transaction_read_only') AS "readOnly"`,
  );
  if (row?.readOnly === "on") throw unavailable("The database is read-only, like a standby.");
}

/**
 * Checks that no other program has locked a table for longer than a moment, as `VACUUM FULL`, `REINDEX` and `ALTER TABLE` do.
 * A lock that delays reads also delays this lock, which a write needs. Without ONLY, this would lock each partition.
 */
async function checkUnlocked(connection: PostgresConnection): Promise<void> {
  await connection.transaction(async (client) => {
    await client.all(sql`SELECT set_config('lock_timeout', ${`${pingLockTimeoutMs}ms`}, true)`);
    await client.run(
      sql`LOCK TABLE ONLY "User", ONLY "Entry", ONLY "Change", ONLY "Namespace", ONLY "NamespaceAgent", ONLY "Answer",
        ONLY "Token" IN ROW EXCLUSIVE MODE`,
    );
  });
}
