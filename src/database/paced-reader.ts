import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { Sql, SqlReader } from "./sql.ts";

/**
 * Runs the statements of a synchronous driver, and yields to the event loop between them. Otherwise a client that reads
 * many pages, or a query of a thousand statements, would block every other request.
 */
export class PacedReader implements SqlReader {
  readonly #reader: SqlReader;
  readonly #userId: string;

  /** @param userId the user of the statements; users take turns */
  constructor(reader: SqlReader, userId: string) {
    this.#reader = reader;
    this.#userId = userId;
  }

  all<Row>(query: Sql, atMost?: 1): Promise<Row[]> {
    if (!isLoopHeld()) return this.#reader.all(query, atMost);
    return nextTurn(this.#userId).then(() => this.#reader.all(query, atMost));
  }
}
