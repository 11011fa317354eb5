import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { SessionClient } from "../../src/database/postgres/session-client.ts";
import { sessionConfig } from "../../src/database/postgres/session-config.ts";
import { createPostgres } from "../postgres.ts";
import { PostgresProxy } from "../postgres-proxy.ts";

test("a connection that is lost before it has its settings fails only its caller", async () => {
  await using database = await createPostgres();
  await using proxy = await PostgresProxy.open(database.url);
  const session = [{ name: "TimeZone", value: "UTC", isTracked: true }];
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.on("uncaughtException", note);
  onTestFinished(() => void process.off("uncaughtException", note));
  for (const lose of [() => proxy.freezeAnswers(), () => proxy.cut()]) {
    const pool = new pg.Pool({
      ...sessionConfig(proxy.url, "baton", session),
      connectionTimeoutMillis: 200,
      Client: class extends SessionClient {
        override query(...args: any[]): any {
          lose();
          return super.query(...args);
        }
      } as never,
    });
    pool.on("error", () => {});
    await expect(pool.connect()).rejects.toThrow(/timeout|terminated|ECONNRESET/);
    await pool.end();
    proxy.thaw();
  }
  expect(uncaught).toEqual([]);
});
