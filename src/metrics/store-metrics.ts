import { Gauge, type Registry } from "prom-client";
import type { Hub } from "../feed/hub.ts";
import type { Statistics } from "../store/contract.ts";
import { within } from "../within.ts";

/** Shorter than the 10 s for which Prometheus waits by default. */
const maxReadMs = 2_000;

/** Registers the metrics that are read on request: the log, its subscribers, and the connection pool. */
export function registerStoreMetrics(
  registry: Registry,
  database: Statistics,
  hub: Pick<Hub, "followers">,
): void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const users = gauge("baton_users", "Users with a store.");
  const changes = gauge("baton_log_changes", "Changes in the logs of all users.");
  const heads = gauge("baton_log_head_revisions", "Sum of the head revisions of all users.");
  const compacted = gauge(
    "baton_log_compacted_revisions",
    "Sum of the latest revisions of all users that the logs no longer contain.",
  );
  const oldest = gauge(
    "baton_log_oldest_change_timestamp_seconds",
    "Time of the oldest change in a log; 0 if all logs are empty.",
  );
  const subscribers = gauge("baton_subscribers", "Open subscriptions to changes.");
  const catchingUp = gauge(
    "baton_subscribers_catching_up",
    "Subscriptions that read from the log, because they have just started or read slowly.",
  );
  const lag = gauge(
    "baton_subscriber_lag_max_revisions",
    "Number of revisions by which the slowest subscription is behind its user's log.",
  );
  const waiting = gauge("baton_waiting_calls", "awaitEntry calls that wait for an entry.");
  const connections = new Gauge({
    name: "baton_database_connections",
    help: "Connections to PostgreSQL that are in use or idle, and callers that wait for a connection.",
    labelNames: ["state"],
    registers: [registry],
  });

  const diskFree = gauge(
    "baton_disk_free_bytes",
    "SQLite only: free space on the disk of the database.",
  );
  const diskLow = gauge(
    "baton_disk_low",
    "1 while the disk is nearly full and only writes that remove data are accepted, otherwise 0.",
  );
  // It has no value, rather than 0, unless the free space is known.
  diskFree.remove();

  registry.registerMetric(
    new Gauge({
      name: "baton_database_up",
      help: "1 if the database responded when the metrics were read, otherwise 0.",
      registers: [],
      async collect() {
        const followers = hub.followers();
        subscribers.set(followers.subscriptions);
        catchingUp.set(followers.catchingUp);
        lag.set(Number(followers.maxLag));
        waiting.set(followers.waits);
        const disk = database.disk();
        if (disk.freeBytes !== null) diskFree.set(disk.freeBytes);
        diskLow.set(Number(disk.isLow));
        const pool = database.connections();
        if (pool) {
          for (const [state, count] of Object.entries(pool)) connections.set({ state }, count);
        }
        try {
          const log = await within(maxReadMs, database.readLogStatistics(), () => {
            throw new Error("The database does not respond.");
          });
          users.set(log.users);
          changes.set(log.changes);
          heads.set(log.changes + log.compacted);
          compacted.set(log.compacted);
          oldest.set(log.oldestAt ? log.oldestAt.getTime() / 1_000 : 0);
          this.set(1);
        } catch {
          this.set(0);
        }
      },
    }),
  );
}
