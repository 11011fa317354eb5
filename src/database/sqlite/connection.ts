import Database from "libsql";
import AsyncDatabase from "libsql/promise";
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type ArgType,
  type ColumnType,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from "@prisma/driver-adapter-utils";
import type { Sql, SqlClient } from "../sql.ts";
import { toDriverError, translateErrors, type ErrorListener } from "./errors.ts";

/** A connection keeps at most this many prepared statements. Lists of different lengths produce many texts. */
const maxStatements = 500;

type Row = Record<string, unknown>;

/**
 * One connection to the database file. It prepares each statement once, keeps it, and translates the driver's errors.
 * It is also Prisma's driver adapter, so that typed queries and SQL use the same connection.
 *
 * The driver is synchronous: a statement runs on the event loop's thread. Only `exec` runs on another thread.
 */
export class SqliteConnection implements SqlClient, SqlDriverAdapter {
  readonly provider = "sqlite";
  readonly adapterName = "baton-libsql";
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement>();
  readonly #onError: ErrorListener | undefined;

  /** @param onError is called with an error that prevents the database from serving, before it is thrown */
  constructor(file: string, onError?: ErrorListener) {
    this.#database = new Database(file);
    this.#onError = onError;
  }

  /** Runs statements without parameters on a thread of the driver, because a commit waits for the disk. */
  exec(sql: string): Promise<void> {
    // The driver's module for promises wraps the same handle.
    return translateErrors(
      () => AsyncDatabase.prototype.exec.call(this.#database as never, sql),
      this.#onError,
    );
  }

  /** Like `exec`, on this thread. */
  execSync(sql: string): void {
    translateErrors(() => this.#database.exec(sql), this.#onError);
  }

  /** Returns the prepared statement of a text. */
  prepare(sql: string): Statement {
    const kept = this.#statements.get(sql);
    if (kept) return kept;
    if (this.#statements.size >= maxStatements) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    const onError = this.#onError;
    const statement = translateErrors(
      () => new Statement(this.#database.prepare(sql), onError),
      onError,
    );
    this.#statements.set(sql, statement);
    return statement;
  }

  async all<R>({ sql, values }: Sql, atMost?: 1): Promise<R[]> {
    const statement = this.prepare(sql);
    if (atMost === undefined) return statement.all(values) as R[];
    const row = statement.get(values);
    return row ? [row as R] : [];
  }

  async run({ sql, values }: Sql): Promise<number> {
    return this.prepare(sql).run(values);
  }

  /** For Prisma. */
  async queryRaw({ sql, args, argTypes }: SqlQuery): Promise<SqlResultSet> {
    return adapting(() => {
      const statement = this.prepare(sql);
      const rows = statement.allRaw(args.map((arg, index) => toArgument(arg, argTypes[index])));
      const columnTypes = statement.columns.map(({ type }, index) =>
        columnType(type, rows.find((row) => row[index] !== null)?.[index]),
      );
      return {
        columnNames: statement.columns.map((column) => column.name),
        columnTypes,
        rows: rows.map((row) => row.map((cell, index) => toResult(cell, columnTypes[index]))),
      };
    });
  }

  /** For Prisma. */
  async executeRaw({ sql, args, argTypes }: SqlQuery): Promise<number> {
    return adapting(() =>
      this.prepare(sql).run(args.map((arg, index) => toArgument(arg, argTypes[index]))),
    );
  }

  async executeScript(script: string): Promise<void> {
    adapting(() => this.execSync(script));
  }

  /** Not supported: callers start transactions themselves, because two must not share a connection. */
  startTransaction(): Promise<Transaction> {
    return Promise.reject(new Error("Prisma's transactions are not used on SQLite."));
  }

  async dispose(): Promise<void> {
    this.close();
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

interface Column {
  readonly name: string;
  /** The declared type of the column; null for an expression. */
  readonly type: string | null;
}

/** A prepared statement. */
export class Statement {
  readonly columns: readonly Column[];
  readonly #statement: Database.Statement;
  readonly #onError: ErrorListener | undefined;

  constructor(statement: Database.Statement, onError?: ErrorListener) {
    this.#statement = statement;
    this.#onError = onError;
    this.columns = statement.reader ? (statement.columns() as readonly Column[]) : [];
    if (statement.reader) statement.raw(true);
  }

  /** The rows as objects. */
  all(values: readonly unknown[]): Row[] {
    return this.allRaw(values).map((cells) => this.#toRow(cells));
  }

  /** The first row. */
  get(values: readonly unknown[]): Row | null {
    const cells = translateErrors(() => this.#statement.get(toCells(values)), this.#onError) as
      | unknown[]
      | undefined;
    return cells ? this.#toRow(cells) : null;
  }

  /** The rows as arrays of cells. */
  allRaw(values: readonly unknown[]): unknown[][] {
    return translateErrors(
      () => this.#statement.all(toCells(values)),
      this.#onError,
    ) as unknown[][];
  }

  /** Returns the number of changed rows. */
  run(values: readonly unknown[]): number {
    if (this.columns.length > 0) return this.allRaw(values).length;
    return translateErrors(() => this.#statement.run(toCells(values)), this.#onError).changes;
  }

  #toRow(cells: readonly unknown[]): Row {
    const row: Row = {};
    for (let index = 0; index < cells.length; index++) {
      const { name, type } = this.columns[index] as Column;
      const cell = cells[index];
      if (cell === null) row[name] = null;
      else if (type === "BIGINT") row[name] = BigInt(cell as number);
      else if (type === "DATETIME") row[name] = new Date(Number(cell));
      else if (type === "BOOLEAN") row[name] = Boolean(cell);
      else row[name] = cell;
    }
    return row;
  }
}

/** Converts values to SQLite's: an instant to milliseconds, a boolean to 0 or 1. */
function toCells(values: readonly unknown[]): unknown[] {
  const cells: unknown[] = [];
  for (const value of values) {
    if (typeof value === "boolean") cells.push(Number(value));
    else cells.push(value instanceof Date ? value.getTime() : value);
  }
  return cells;
}

// The conversions from and to Prisma's values. Prisma represents instants and 64-bit numbers as text.

function toArgument(arg: unknown, type: ArgType | undefined): unknown {
  if (typeof arg !== "string") return arg;
  switch (type?.scalarType) {
    case "bigint":
      return BigInt(arg);
    case "datetime":
      return new Date(arg);
    default:
      return arg;
  }
}

function columnType(declared: string | null, cell: unknown): ColumnType {
  switch (declared) {
    case "BIGINT":
      return ColumnTypeEnum.Int64;
    case "DATETIME":
      return ColumnTypeEnum.DateTime;
    case "BOOLEAN":
      return ColumnTypeEnum.Boolean;
    case "INTEGER":
      return ColumnTypeEnum.Int32;
    case "TEXT":
      return ColumnTypeEnum.Text;
    default:
      return typeof cell === "string" ? ColumnTypeEnum.Text : ColumnTypeEnum.UnknownNumber;
  }
}

function toResult(cell: unknown, type: ColumnType | undefined): unknown {
  if (cell !== null && type === ColumnTypeEnum.DateTime) {
    return new Date(Number(cell)).toISOString();
  }
  return type === ColumnTypeEnum.Int64 && cell !== null ? String(cell) : cell;
}

function adapting<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new DriverAdapterError(toDriverError(error));
  }
}
