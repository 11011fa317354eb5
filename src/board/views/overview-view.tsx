import { useEffect, useMemo } from "preact/hooks";
import { changes, hasOlder, loadOlder, version } from "../change-log.ts";
import { now } from "../clock.ts";
import { bytes, clock, number, visibleName } from "../format.ts";
import { connection } from "../live-stream.ts";
import { ratePerSecond, totalsOf } from "../log-totals.ts";
import {
  changesByMinute,
  unhealthyReason,
  followOverview,
  reading,
  samples,
} from "../overview-reading.ts";
import { hrefOf } from "../route.ts";
import { session } from "../session.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { Chart } from "../ui/chart.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";
import { QuotaTiles } from "./quota-tiles.tsx";
import { SubscriberTable } from "./subscriber-table.tsx";

const hourMs = 3_600_000;
/** At most this many changes of the log are read for the totals. */
const maxRead = 6_000;
const maxRanked = 8;

export function OverviewView() {
  useEffect(() => {
    document.title = "Overview · Baton";
    return followOverview();
  }, []);
  const shown = version.value;
  useEffect(() => {
    const [first] = changes;
    const isShort =
      first !== undefined && first.at > Date.now() - hourMs && changes.length < maxRead;
    if (isShort && hasOlder.value) loadOlder().catch(() => {});
  }, [shown]);

  // The totals are updated once a second, regardless of the number of changes.
  const totals = useMemo(
    () => totalsOf(changes, now.value, hasOlder.value),
    [now.value, hasOlder.value],
  );
  const rate = ratePerSecond(changes, now.value);
  const store = reading.value;
  const perMinute = changesByMinute.value;
  const isLost = connection.value === "reconnecting";
  const since = totals.since === null ? null : `since ${clock(totals.since)}`;
  const followers = store && store.subscribers.subscriptionCount + store.subscribers.waitCount;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return (
    <section class="pane overview" aria-label="Overview">
      <header class="pane-head">
        <h1>Overview</h1>
        <span
          class={unhealthyReason.value === null && !isLost ? "health good" : "health bad"}
          role="status"
        >
          {isLost ? "Reconnecting" : (unhealthyReason.value ?? "Healthy")}
        </span>
      </header>
      <div class="scroll">
        <dl class="tiles large">
          <Tile name="Writes per second">
            {rate < 10 ? rate.toFixed(1) : number(Math.round(rate))}
          </Tile>
          <Tile name="Entries">{store ? number(store.usage.entryCount) : "–"}</Tile>
          <Tile name="Namespaces">{store ? number(store.usage.namespaceCount) : "–"}</Tile>
          <Tile name="Size">{store ? bytes(store.usage.sizeBytes) : "–"}</Tile>
          <Tile name="Subscribers">{followers === null ? "–" : number(followers)}</Tile>
          <Tile name="Lag of the slowest">
            {store ? number(store.subscribers.slowest[0]?.lag ?? 0) : "–"}
          </Tile>
        </dl>
        <div class="charts">
          <Chart
            title={coversStore() ? "Changes per minute" : "Changes per minute, whole store"}
            total={perMinute ? number(sum(perMinute)) : "–"}
            values={perMinute ?? []}
          />
          <Chart
            title="Bytes written per minute"
            total={bytes(sum(totals.bytes))}
            values={totals.bytes}
            note={since}
          />
          <Chart
            title="Active agents"
            total={number(totals.byAgent.length)}
            values={totals.agents}
            note={since}
          />
          <Chart
            title="Subscribers"
            total={followers === null ? "–" : number(followers)}
            values={samples.map(({ count }) => count)}
            note={samples[0] ? `since ${clock(samples[0].at)}` : null}
          />
          <Chart
            title="Lag of the slowest"
            total={number(samples.at(-1)?.lag ?? 0)}
            values={samples.map(({ lag }) => lag)}
            note={samples[0] ? `since ${clock(samples[0].at)}` : null}
          />
        </div>
        {store && <QuotaTiles usage={store.usage} limits={store.limits} />}
        {store && <SubscriberTable subscribers={store.subscribers} />}
        <div class="columns">
          <div>
            <h2 class="section">Busiest agents {since ?? "of the last hour"}</h2>
            <ol class="ranking">
              {totals.byAgent.slice(0, maxRanked).map(([name, count]) => (
                <li key={name}>
                  <a href={hrefOf("activity", { agent: name })}>
                    <AgentTag name={name === "" ? null : name} />
                    <i style={{ width: `${(100 * count) / (totals.byAgent[0]?.[1] ?? 1)}%` }} />
                    <span>{number(count)}</span>
                  </a>
                </li>
              ))}
              {totals.byAgent.length === 0 && (
                <li class="none-found">No agent wrote in the last hour.</li>
              )}
            </ol>
          </div>
          <div>
            <h2 class="section">Latest changes</h2>
            <LatestChanges />
          </div>
        </div>
      </div>
    </section>
  );
}

/**
 * Returns whether the token can read all namespaces. Changes are counted by revisions, which belong to the whole store.
 */
function coversStore(): boolean {
  const current = session.value;
  return (
    current.kind === "signed-in" &&
    current.viewer.grants.some(
      ({ namespacePattern, scopes }) => namespacePattern === "*" && scopes.includes("READ"),
    )
  );
}

function Tile({ name, children }: { name: string; children: string }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function LatestChanges() {
  void version.value;
  return (
    <ol class="latest">
      {changes
        .slice(-maxRanked)
        .reverse()
        .map(({ revision, key, namespace, agent, at }) => (
          <li key={revision}>
            <a
              href={hrefOf(
                "entries",
                key === null ? { ns: namespace } : { ns: namespace, key, rev: String(revision) },
              )}
            >
              <AgentTag name={agent} />
              <bdi>{key === null ? "all keys" : visibleName(key)}</bdi>
              <TimeAgo at={at} />
            </a>
          </li>
        ))}
      {changes.length === 0 && <li class="none-found">Nothing was written yet.</li>}
    </ol>
  );
}
