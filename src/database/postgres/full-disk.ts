import { diskFull, sqlState } from "./errors.ts";
import { join, name, sql, type SqlClient } from "../sql.ts";

/**
 * Whether the disk of PostgreSQL is full, as far as a client can know: PostgreSQL does not tell how much is free.
 *
 * 1. A write that PostgreSQL refuses for lack of space begins this state. From then on, only writes that remove data are
 *    sent to it.
 * 2. `look` ends the state when PostgreSQL can allocate space again.
 */
export class FullDisk {
  #isFull = false;

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Records that a write failed with this error. */
  found(error: unknown): void {
    if (sqlState(error) === diskFull) this.#isFull = true;
  }

  /** @param inTransaction runs the statements that allocate space */
  async look(
    inTransaction: (work: (client: SqlClient) => Promise<unknown>) => Promise<unknown>,
  ): Promise<void> {
    if (!this.#isFull) return;
    try {
      await inTransaction(allocate);
    } catch (error) {
      if (isWithoutAnswer(error)) return;
    }
    this.#isFull = false;
  }
}

/** Whether the disk can still be full. Any other error, such as a missing permission, leaves the answer to the next write. */
function isWithoutAnswer(error: unknown): boolean {
  return sqlState(error) === null || sqlState(error) === diskFull;
}

/** Names have 64 bytes, and are not compressed: this is about 1 KiB. */
const row = join(Array.from({ length: 16 }, (_, place) => sql`''::name AS ${name(`c${place}`)}`));

/**
 * Allocates 1 MiB for a moment. PostgreSQL would stop if it had no space for its own log, so this must not be much. It is a
 * temporary table, which that log does not contain, on the disk of the database's tables.
 */
async function allocate(client: SqlClient): Promise<void> {
  await client.all(sql`SELECT set_config('temp_tablespaces', '', true)`);
  await client.run(
    sql`CREATE TEMPORARY TABLE "baton_space" ON COMMIT DROP AS SELECT ${row} FROM generate_series(1, 900)`,
  );
}
