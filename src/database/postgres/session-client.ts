import { callbackify } from "node:util";
import type pg from "pg";
import { AnsweringClient } from "./answering-client.ts";
import { applySettings, type SessionSetting } from "./session-settings.ts";

export interface SessionConfig extends pg.ClientConfig {
  readonly session: readonly SessionSetting[];
  /** Whether a pooler stands between that gives each transaction another connection. */
  readonly isPooled: boolean;
}

/**
 * A connection that has set what Baton relies on by the time it is connected. Every connection of ours is one, also
 * those that Prisma uses, so that nothing runs under what a database or a role says otherwise.
 *
 * The settings are not startup parameters: PgBouncer refuses those that it does not know.
 */
export class SessionClient extends AnsweringClient {
  readonly #config: SessionConfig;

  constructor(config: SessionConfig) {
    super(config);
    this.#config = config;
    // A pool listens only once the connection is made. A connection lost before that rejects `connect`; without a
    // listener its `error` event would also end the process.
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
      // Whoever connects gives up a connection that was not made, and does not end it.
      void this.end().catch(() => {});
      throw error;
    }
  }
}
