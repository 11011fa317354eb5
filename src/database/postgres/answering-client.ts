import pg from "pg";

/**
 * A connection that ends with the first answer that does not come in time: what it leads to may be gone without a
 * goodbye. Else it would go back to its pool, and who gets it next would wait as long again, and again for a ROLLBACK.
 */
export class AnsweringClient extends pg.Client {
  override query(...args: any[]): any {
    const callback: unknown = args.at(-1);
    if (typeof callback === "function") {
      args[args.length - 1] = (error: unknown, result: unknown) => {
        this.#endIfSilent(error);
        callback(error, result);
      };
    }
    const answer: unknown = Reflect.apply(super.query, this, args);
    if (answer instanceof Promise) answer.catch((error: unknown) => this.#endIfSilent(error));
    return answer;
  }

  #endIfSilent(error: unknown): void {
    // The driver has no code for it.
    if (!(error instanceof Error) || error.message !== "Query read timeout") return;
    const { connection } = this as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
