import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import pg from "pg";
import type { Sql, SqlClient } from "../sql.ts";
import { translateErrors } from "./errors.ts";
import { statementNames } from "./prepared-statements.ts";
import { SessionClient, type SessionConfig } from "./session-client.ts";

export interface PostgresConnectionOptions extends Omit<pg.PoolConfig, "Client">, SessionConfig {
  /** The schema that the tables are in. */
  readonly schema: string;
  /** Called when a connection is lost. Queries on it fail by themselves. */
  readonly onLoss: (error: Error) => void;
}

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * Connections to PostgreSQL. Each prepares a statement once and keeps it, and errors are translated here. It also gives
 * Prisma a driver adapter, so that typed queries and SQL use the same connections.
 */
export class PostgresConnection implements SqlClient {
  readonly #pool: pg.Pool;
  readonly #options: PostgresConnectionOptions;
  readonly #nameOf: (query: { readonly sql: string }) => string;

  constructor(options: PostgresConnectionOptions) {
    const { schema: _, onLoss, ...config } = options;
    this.#options = options;
    // A pooler's next connection may not know what was prepared on the one before.
    this.#nameOf = options.isPooled ? () => "" : statementNames();
    // The pool gives its options to each client that it makes.
    this.#pool = new pg.Pool({ ...config, Client: SessionClient as never });
    this.#pool.on("error", onLoss);
    this.#pool.on("connect", (client) => client.on("error", onLoss));
  }

  all<Row>(query: Sql): Promise<Row[]> {
    return translateErrors(() => this.#clientOf(this.#pool).all<Row>(query));
  }

  run(query: Sql): Promise<number> {
    return translateErrors(() => this.#clientOf(this.#pool).run(query));
  }

  /** The same connections, for statements whose caller can't wait longer than this for an answer. */
  answeringWithin(answerTimeoutMs: number): SqlClient {
    const client = this.#clientOf(this.#pool, answerTimeoutMs);
    return {
      all: <Row>(query: Sql) => translateErrors(() => client.all<Row>(query)),
      run: (query) => translateErrors(() => client.run(query)),
    };
  }

  /** Runs work in a transaction: commits if it resolves, rolls back if it rejects. */
  transaction<T>(work: (client: SqlClient) => Promise<T>): Promise<T> {
    return translateErrors(async () => {
      const connection = await this.#pool.connect();
      let failure: unknown;
      try {
        // Said here too: behind a pooler a session keeps nothing.
        await connection.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        const result = await work(this.#clientOf(connection));
        await connection.query("COMMIT");
        return result;
      } catch (error) {
        failure = error;
        // On a lost connection there is nothing to roll back.
        await connection.query("ROLLBACK").then(
          () => (failure = undefined),
          () => {},
        );
        throw error;
      } finally {
        // A connection on which not even a rollback succeeded is not used again.
        connection.release(failure !== undefined);
      }
    });
  }

  /** For Prisma: it queries the same connections. */
  driverAdapter(): SqlDriverAdapterFactory {
    const { schema, isPooled } = this.#options;
    return new PrismaPg(this.#pool as never, {
      schema,
      ...(isPooled ? {} : { statementNameGenerator: this.#nameOf }),
    });
  }

  /** Connections that are in use and idle, and callers that wait for one. */
  counts(): { readonly used: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount: idle, waitingCount: waiting } = this.#pool;
    return { used: totalCount - idle, idle, waiting };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** @param answerTimeoutMs the connection's own by default */
  #clientOf(queryable: Queryable, answerTimeoutMs = this.#options.query_timeout): SqlClient {
    const query = ({ text, values }: Sql) => {
      const name = this.#nameOf({ sql: text });
      const statement = {
        text,
        values: values.map(toParameter),
        types,
        query_timeout: answerTimeoutMs,
      };
      return queryable.query(name === "" ? statement : { ...statement, name });
    };
    return {
      all: async <Row>(sql: Sql) => (await query(sql)).rows as Row[],
      run: async (sql) => (await query(sql)).rowCount ?? 0,
    };
  }
}

/** OIDs of `pg_type`. */
const bigintType = 20;
const timestampType = 1114;

/** How a column's text becomes its value. */
const types = {
  getTypeParser(type: number, format?: string) {
    if (type === bigintType) return (text: string) => BigInt(text);
    // The columns hold UTC.
    if (type === timestampType) return (text: string) => new Date(`${text.replace(" ", "T")}Z`);
    return pg.types.getTypeParser(type, format as "text");
  },
} as pg.CustomTypesConfig;

/** A value as PostgreSQL reads it. The driver itself would send an instant in local time. */
function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? String(value) : value;
}
