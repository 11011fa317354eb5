import { callbackify } from "node:util";
import type pg from "pg";
import { TimeLimitedClient } from "./time-limited-client.ts";
import { applySettings, type SessionSetting } from "./session-settings.ts";

export interface SessionConfig extends pg.ClientConfig {
  readonly session: readonly SessionSetting[];
  /** Whether a pooler assigns each transaction a different connection. */
  readonly isPooled: boolean;
}

/**
 * A connection that has the settings that Baton needs when `connect` resolves. All connections are of this class,
 * including those of Prisma, so that no statement runs under other settings of a database or a role.
 *
 * The settings are not startup parameters, because PgBouncer rejects unknown parameters.
 */
export class SessionClient extends TimeLimitedClient {
  readonly #config: SessionConfig;

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
