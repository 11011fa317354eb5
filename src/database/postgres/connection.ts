import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import pg from "pg";
import { raw, sql, type Sql, type SqlClient } from "../sql.ts";
import { canceled, sqlState, translateErrors } from "./errors.ts";
import { statementNames } from "./prepared-statements.ts";
import { SessionClient, type SessionConfig } from "./session-client.ts";

export interface PostgresConnectionOptions extends Omit<pg.PoolConfig, "Client">, SessionConfig {
  /** The schema of the tables. */
  readonly schema: string;
  /** Called when a connection is lost. Its queries fail independently. */
  readonly onLoss: (error: Error) => void;
}

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * Connections to PostgreSQL. Each prepares a statement once and keeps it. Errors are translated here. It also provides a
 * driver adapter for Prisma, so that typed queries and SQL use the same connections.
 */
export class PostgresConnection implements SqlClient {
  readonly #pool: pg.Pool;
  readonly #options: PostgresConnectionOptions;
  readonly #nameOf: (query: { readonly sql: string }) => string;

  constructor(options: PostgresConnectionOptions) {
    const { schema: _, onLoss, ...config } = options;
    this.#options = options;
    // Behind a pooler, the next connection may not have the statements that the previous one prepared.
    this.#nameOf = options.isPooled ? () => "" : statementNames();
    // The pool passes its options to each client that it creates.
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

  /** The same connections, for statements whose caller waits at most this long for a response. */
  respondingWithin(responseTimeoutMs: number): SqlClient {
    const client = this.#clientOf(this.#pool, responseTimeoutMs);
    return {
      all: <Row>(query: Sql) => translateErrors(() => client.all<Row>(query)),
      run: (query) => translateErrors(() => client.run(query)),
    };
  }

  /** Runs a statement that reads. PostgreSQL cancels it after this time; the result is null then. */
  allWithin<Row>(query: Sql, maxMs: number): Promise<Row[] | null> {
    return this.transaction(async (client) => {
      await client.run(sql`SET LOCAL statement_timeout = ${raw(String(maxMs))}`);
      try {
        return await client.all<Row>(query);
      } catch (error) {
        if (sqlState(error) === canceled) return null;
        throw error;
      }
    }, "READ ONLY");
  }

  /** Runs work in a transaction: commits if it resolves, rolls back if it rejects. */
  transaction<T>(
    work: (client: SqlClient) => Promise<T>,
    access: "READ WRITE" | "READ ONLY" = "READ WRITE",
  ): Promise<T> {
    return translateErrors(async () => {
      const connection = await this.#pool.connect();
      let failure: unknown;
      try {
        // The modes are stated here, too, because a session behind a pooler does not keep settings.
        await connection.query(`BEGIN ISOLATION LEVEL READ COMMITTED ${access}`);
        const result = await work(this.#clientOf(connection));
        await connection.query("COMMIT");
        return result;
      } catch (error) {
        failure = error;
        // On a lost connection, PostgreSQL has rolled back already.
        await connection.query("ROLLBACK").then(
          () => (failure = undefined),
          () => {},
        );
        throw error;
      } finally {
        // A connection on which the rollback failed is not used again.
        connection.release(failure !== undefined);
      }
    });
  }

  /** The adapter for Prisma, which queries the same connections. */
  driverAdapter(): SqlDriverAdapterFactory {
    const { schema, isPooled } = this.#options;
    return new PrismaPg(this.#pool as never, {
      schema,
      ...(isPooled ? {} : { statementNameGenerator: this.#nameOf }),
    });
  }

  /** The numbers of used and idle connections, and of callers that wait for one. */
  counts(): { readonly used: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount: idle, waitingCount: waiting } = this.#pool;
    return { used: totalCount - idle, idle, waiting };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** @param responseTimeoutMs default: that of the connection */
  #clientOf(queryable: Queryable, responseTimeoutMs = this.#options.query_timeout): SqlClient {
    const query = ({ text, values }: Sql) => {
      const name = this.#nameOf({ sql: text });
      const statement = {
        text,
        values: values.map(toParameter),
        types,
        query_timeout: responseTimeoutMs,
      };
      return queryable.query(name === "" ? statement : { ...statement, name });
    };
    return {
      all: async <Row>(statement: Sql) => (await query(statement)).rows as Row[],
      run: async (statement) => (await query(statement)).rowCount ?? 0,
    };
  }
}

/** OIDs of `pg_type`. */
const bigintType = 20;
const timestampType = 1114;

/** Converts a column's text to its value. */
const types = {
  getTypeParser(type: number, format?: string) {
    if (type === bigintType) return (text: string) => BigInt(text);
    // The columns are in UTC.
    if (type === timestampType) return (text: string) => new Date(`${text.replace(" ", "T")}Z`);
    return pg.types.getTypeParser(type, format as "text");
  },
} as pg.CustomTypesConfig;

/** Converts a value for PostgreSQL. The driver itself would send an instant in local time. */
function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint" ? String(value) : value;
}
