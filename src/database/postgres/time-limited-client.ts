import pg from "pg";

/**
 * A connection that closes when a response does not arrive in time, because the other side can disappear without
 * closing it. Otherwise it would return to its pool, and the next caller would wait as long again, and once more for
 * a ROLLBACK.
 */
export class TimeLimitedClient extends pg.Client {
  override query(...args: any[]): any {
    const callback: unknown = args.at(-1);
    if (typeof callback === "function") {
      args[args.length - 1] = (error: unknown, result: unknown) => {
        this.#endIfSilent(error);
        callback(error, result);
      };
    }
    const result: unknown = Reflect.apply(super.query, this, args);
    if (result instanceof Promise) result.catch((error: unknown) => this.#endIfSilent(error));
    return result;
  }

  #endIfSilent(error: unknown): void {
    // The driver has no code for this error.
    if (!(error instanceof Error) || error.message !== "Query read timeout") return;
    const { connection } = this as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
