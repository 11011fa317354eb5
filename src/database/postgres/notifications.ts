import type { Logger } from "pino";
import type pg from "pg";
import { Backoff } from "../../backoff.ts";
import { SessionClient, type SessionConfig } from "./session-client.ts";
import { sql, type SqlClient } from "../sql.ts";
import type { ClaimNews, HeadListener } from "../../store/contract.ts";

const channel = "baton_heads";
const tokenChannel = "baton_tokens";
/** PostgreSQL accepts a payload that is shorter than this. */
const maxPayloadBytes = 8_000;
/** Maximum number of users whose new heads wait to be sent. */
const maxPendingUsers = 10_000;
/** The first and the longest wait before another attempt to connect. */
const firstRetryMs = 250;
const lastRetryMs = 5_000;

/** The functions that notifications of other instances call. */
export interface NotificationListeners {
  readonly headGrown: HeadListener;
  readonly tokensChanged: () => void;
  readonly claims: (userId: string, news: ClaimNews) => void;
  /** Called when a connection has been established, because earlier notifications were missed. */
  readonly missed: () => void;
}

export interface NotificationsOptions extends NotificationListeners {
  readonly config: SessionConfig;
  readonly logger: Logger;
}

/** Notifies every instance that tokens were created or revoked. */
export async function announceTokens(client: SqlClient): Promise<void> {
  await client.all(sql`SELECT pg_notify(${tokenChannel}, '') AS "sent"`);
}

/**
 * Wakes other instances with NOTIFY and is woken by them, over a separate connection. Notifications are only hints: if
 * they are lost while there is no connection, polling finds the changes.
 */
export class Notifications {
  readonly #options: NotificationsOptions;
  #client: pg.Client | null = null;
  /** Heads to send to other instances. Only the latest of each user is kept. */
  #pending = new Map<string, bigint>();
  /** News of claims to send to other instances, as payloads. */
  readonly #pendingClaims = new Set<string>();
  #isSending = false;
  readonly #backoff = new Backoff(firstRetryMs, lastRetryMs);
  #retry: NodeJS.Timeout | undefined;
  #isLost = false;
  #closed = false;

  constructor(options: NotificationsOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Sends the heads of these logs to the other instances. Heads that arrive during a statement are sent with the next one. */
  send(heads: ReadonlyMap<string, bigint>): void {
    // Without a connection they wait for the next one. Beyond the bound, other instances find them by polling.
    if (this.#pending.size > maxPendingUsers) this.#pending.clear();
    for (const [userId, head] of heads) this.#pending.set(userId, head);
    if (this.#client && !this.#isSending) void this.#send(this.#client);
  }

  /** Sends news of a user's claims to the other instances in the same way. */
  sendClaims(userId: string, news: ClaimNews): void {
    if (this.#pendingClaims.size > maxPendingUsers) this.#pendingClaims.clear();
    this.#pendingClaims.add(JSON.stringify([userId, news]));
    if (this.#client && !this.#isSending) void this.#send(this.#client);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = new SessionClient(this.#options.config);
    let lost = false;
    const lose = (error?: unknown) => {
      if (lost) return;
      lost = true;
      this.#lose(client, error);
    };
    client.on("error", lose);
    client.on("end", () => lose());
    client.on("notification", ({ channel: name, processId, payload }) => {
      if (name === tokenChannel) this.#options.tokensChanged();
      else if (processId !== backendOf(client) && payload !== undefined) this.#receive(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      await client.query(`LISTEN ${tokenChannel}`);
      if (this.#closed) return await client.end();
      this.#client = client;
      this.#backoff.reset();
      this.#isLost = false;
      if (!this.#isSending) void this.#send(client);
      this.#options.missed();
    } catch (error) {
      lose(error);
    }
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client === client) this.#client = null;
    if (this.#closed) return;
    // Logged as a warning once, regardless of how many attempts to connect fail afterwards.
    this.#options.logger[this.#isLost ? "debug" : "warn"](
      { err: error },
      "notifications from other instances are interrupted; their writes are found by polling",
    );
    this.#isLost = true;
    void client.end().catch(() => {});
    this.#retry = setTimeout(() => void this.#connect(), this.#backoff.nextMs());
  }

  async #send(client: pg.Client): Promise<void> {
    this.#isSending = true;
    try {
      while (this.#pending.size + this.#pendingClaims.size > 0 && this.#client === client) {
        const payloads = [...this.#pending]
          .map(([userId, head]) => JSON.stringify([userId, String(head)]))
          .concat(...this.#pendingClaims)
          .filter((payload) => Buffer.byteLength(payload) < maxPayloadBytes);
        this.#pending.clear();
        this.#pendingClaims.clear();
        await client.query("SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", [
          channel,
          payloads,
        ]);
      }
    } catch (error) {
      this.#options.logger.debug({ err: error }, "notifying other instances failed");
    } finally {
      this.#isSending = false;
    }
  }

  #receive(payload: string): void {
    let message: unknown;
    try {
      message = JSON.parse(payload);
    } catch {
      return;
    }
    const [userId, head] = Array.isArray(message) ? (message as unknown[]) : [];
    if (typeof userId !== "string" || typeof head !== "string") return;
    if (head === "changed" || head === "watched") return this.#options.claims(userId, head);
    if (!/^\d{1,19}$/.test(head)) return;
    this.#options.headGrown(userId, BigInt(head));
  }
}

/** The server process of a connection, which its notifications name. The driver's types lack it. */
function backendOf(client: pg.Client): number | null {
  return (client as pg.Client & { readonly processID: number | null }).processID;
}
