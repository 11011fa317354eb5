import { Pacer } from "./pacer.ts";
import { SerialQueue } from "./serial-queue.ts";
import type { Sql, SqlReader } from "./sql.ts";

/**
 * Runs the statements of a synchronous driver one after the other, and lets the event loop turn between them. Otherwise
 * a reader of page after page, or a query of a thousand statements, would hold up every other request.
 */
export class PacedReader implements SqlReader {
  readonly #reader: SqlReader;
  readonly #pacer = new Pacer();
  readonly #queue = new SerialQueue();

  constructor(reader: SqlReader) {
    this.#reader = reader;
  }

  all<Row>(query: Sql): Promise<Row[]> {
    // Usually nobody waits, and the event loop was not held.
    if (this.#queue.length === 0 && !this.#pacer.isDue) return this.#reader.all(query);
    return this.#queue.run(async () => {
      await this.#pacer.pause();
      return this.#reader.all(query);
    });
  }
}
