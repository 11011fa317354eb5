import pg from "pg";
import { expect, test } from "vitest";
import { TimeLimitedClient } from "../../src/database/postgres/time-limited-client.ts";
import { createPostgres } from "../postgres.ts";
import { PostgresProxy } from "../postgres-proxy.ts";

test("a connection that does not respond in time is closed, and no other caller waits for it", async () => {
  await using database = await createPostgres();
  await using proxy = await PostgresProxy.open(database.url);
  const pool = new pg.Pool({
    connectionString: proxy.url,
    max: 1,
    query_timeout: 300,
    Client: TimeLimitedClient,
  });
  pool.on("error", () => {});
  for (const ask of [
    (client: pg.PoolClient) => client.query("SELECT 1"),
    (client: pg.PoolClient) =>
      new Promise((resolve, reject) => {
        client.query("SELECT 1", (error, result) => (error ? reject(error) : resolve(result)));
      }),
  ]) {
    const client = await pool.connect();
    client.on("error", () => {});
    await client.query("BEGIN");
    proxy.freezeAnswers();
    await expect(ask(client)).rejects.toThrow("Query read timeout");
    await expect(client.query("ROLLBACK")).rejects.toThrow(/Connection terminated|not queryable/);
    client.release();
    proxy.thaw();
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  }
  await pool.end();
});
