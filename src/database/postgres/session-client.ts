import { callbackify } from "node:util";
import type pg from "pg";
import { TimeLimitedClient } from "./time-limited-client.ts";
import { applySettings, type SessionSetting } from "./session-settings.ts";

export interface SessionConfig extends pg.ClientConfig {
  readonly session: readonly SessionSetting[];
  /** Whether a pooler assigns each transaction a different connection. */
  readonly isPooled: boolean;
}

/** Shorter than a minute, after which autovacuum at the earliest analyses a table and thereby discards its plans. */
const planLifetimeMs = 2_000;

/**
 * A connection that has the settings that Baton needs when `connect` resolves. All connections are of this class,
 * including those of Prisma, so that no statement runs under other settings of a database or a role.
 *
 * The settings are not startup parameters, because PgBouncer rejects unknown parameters.
 *
 * The plans of prepared statements are discarded every 2 s, so that PostgreSQL makes those that it still needs again. It
 * keeps the plan of a statement, even if the table was empty then and has many rows now: a page of 500 entries out of
 * 40,000 took seconds, because it compared each with all entries of the user. A new plan for each execution
 * (`plan_cache_mode`) would multiply the cost of reading an entry by four.
 */
export class SessionClient extends TimeLimitedClient {
  readonly #config: SessionConfig;
  #plannedAt = performance.now();

  constructor(config: SessionConfig) {
    super(config);
    this.#config = config;
    // A pool adds its listener only after the connection is established. If the connection is lost before that, `connect`
    // rejects, and without a listener the `error` event would also end the process.
    this.on("error", () => {});
  }

  override connect(...args: any[]): any {
    const [callback] = args as [((error: Error | null) => void)?];
    const connect = async () => {
      await super.connect();
      await this.#applySettings();
    };
    if (callback === undefined) return connect();
    callbackify(connect)(callback);
  }

  override query(...args: any[]): any {
    const [statement] = args as [{ name?: string; query_timeout?: number } | undefined];
    if (!statement?.name || performance.now() - this.#plannedAt < planLifetimeMs) {
      return super.query(...args);
    }
    this.#plannedAt = performance.now();
    const discard = { text: "DISCARD PLANS", query_timeout: statement.query_timeout };
    // If it fails, the connection is lost or its transaction has failed, and the statement fails as well.
    const run = () => super.query(...args);
    if (typeof args.at(-1) === "function") return void super.query(discard, run);
    return super.query(discard).then(run, run);
  }

  async #applySettings(): Promise<void> {
    try {
      await applySettings(this, this.#config.session, this.#config.isPooled);
    } catch (error) {
      // The caller does not close a connection that was not established.
      void this.end().catch(() => {});
      throw error;
    }
  }
}
