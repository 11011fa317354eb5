import pg from "pg";

const sampleMs = 50;

/**
 * Samples what the busy connections of a PostgreSQL wait for, and counts it in `counts`, until `stop`. `CPU` counts
 * those that wait for nothing.
 * @param {string} url
 * @param {Map<string, number>} counts
 */
export async function samplePostgresWaits(url, counts) {
  const client = new pg.Client(url);
  await client.connect();
  let isOver = false;
  const sampling = (async () => {
    while (!isOver) {
      const { rows } = await client.query(
        `SELECT coalesce(wait_event_type || ':' || wait_event, 'CPU') AS what FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND (state = 'active' OR state LIKE 'idle in transaction%')`,
      );
      for (const { what } of rows) counts.set(what, (counts.get(what) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await sampling;
      await client.end();
    },
  };
}
