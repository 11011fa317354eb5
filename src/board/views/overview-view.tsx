import { useEffect, useMemo, useState } from "preact/hooks";
import { changes, loadOlder, hasOlder, version, type LogChange } from "../change-log.ts";
import { now } from "../clock.ts";
import { ask } from "../graphql.ts";
import { bytes, number } from "../format.ts";
import { connection } from "../live-stream.ts";
import { hrefOf } from "../route.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { Sparkline } from "../ui/sparkline.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";

const hourMs = 3_600_000;
const buckets = 60;
/** The log is read back at most so far for the charts. */
const maxRead = 6_000;

interface Usage {
  readonly headRevision: string;
  readonly usage: {
    readonly entryCount: number;
    readonly namespaceCount: number;
    readonly sizeBytes: number;
  };
}

export function OverviewView() {
  const [usage, setUsage] = useState<Usage | null>(null);
  const [health, setHealth] = useState<string | null>(null);
  useEffect(() => {
    document.title = "Overview · Baton";
    let isOver = false;
    const read = async () => {
      try {
        const { viewer } = await ask<{ viewer: Usage }>(
          "query usage { viewer { headRevision usage { entryCount namespaceCount sizeBytes } } }",
        );
        const ready = await fetch("health/ready");
        if (isOver) return;
        setUsage(viewer);
        setHealth(
          ready.ok
            ? null
            : (((await ready.json()) as { reason?: string }).reason ?? "The server is not ready."),
        );
      } catch {
        if (!isOver) setHealth("The server can't be reached.");
      }
    };
    void read();
    const timer = setInterval(() => void read(), 3_000);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, []);
  const shown = version.value;
  useEffect(() => {
    const [first] = changes;
    const isShort =
      first !== undefined && first.at > Date.now() - hourMs && changes.length < maxRead;
    if (isShort && hasOlder.value) loadOlder().catch(() => {});
  }, [shown]);

  const minute = Math.floor(now.value / 60_000);
  const charts = useMemo(() => chartsOf(changes), [shown, minute]);
  const recent = ratePerSecond(changes, now.value);
  return (
    <section class="pane overview" aria-label="Overview">
      <header class="pane-head">
        <h1>Overview</h1>
        <span
          class={
            health === null && connection.value !== "reconnecting" ? "health good" : "health bad"
          }
        >
          {health ?? (connection.value === "reconnecting" ? "Connecting again" : "Healthy")}
        </span>
      </header>
      <div class="scroll">
        <dl class="tiles large">
          <div class="tile">
            <dt>Writes per second</dt>
            <dd>{recent < 10 ? recent.toFixed(1) : number(Math.round(recent))}</dd>
          </div>
          <div class="tile">
            <dt>Entries</dt>
            <dd>{usage ? number(usage.usage.entryCount) : "–"}</dd>
          </div>
          <div class="tile">
            <dt>Namespaces</dt>
            <dd>{usage ? number(usage.usage.namespaceCount) : "–"}</dd>
          </div>
          <div class="tile">
            <dt>Size</dt>
            <dd>{usage ? bytes(usage.usage.sizeBytes) : "–"}</dd>
          </div>
          <div class="tile">
            <dt>Latest revision</dt>
            <dd class="mono">{usage ? number(Number(usage.headRevision)) : "–"}</dd>
          </div>
        </dl>
        <div class="charts">
          <Chart title="Changes a minute" total={charts.total} values={charts.changes} />
          <Chart
            title="Bytes written a minute"
            total={charts.bytes.reduce((a, b) => a + b, 0)}
            values={charts.bytes}
            isBytes
          />
          <Chart title="Agents at work" total={charts.agentNames.length} values={charts.agents} />
        </div>
        <div class="columns">
          <div>
            <h2 class="section">Busiest agents of the last hour</h2>
            <ol class="ranking">
              {charts.agentNames.slice(0, 8).map(([name, count]) => (
                <li key={name}>
                  <a href={hrefOf("activity", { agent: name })}>
                    <AgentTag name={name === "" ? null : name} />
                    <i style={{ width: `${(100 * count) / (charts.agentNames[0]?.[1] ?? 1)}%` }} />
                    <span>{number(count)}</span>
                  </a>
                </li>
              ))}
              {charts.agentNames.length === 0 && (
                <li class="none-found">No agent wrote in the last hour.</li>
              )}
            </ol>
          </div>
          <div>
            <h2 class="section">Latest changes</h2>
            <ol class="latest">
              {changes
                .slice(-8)
                .reverse()
                .map((change) => (
                  <li key={change.revision}>
                    <a
                      href={
                        change.key === null
                          ? hrefOf("entries", { ns: change.namespace })
                          : hrefOf("entries", {
                              ns: change.namespace,
                              key: change.key,
                              rev: String(change.revision),
                            })
                      }
                    >
                      <AgentTag name={change.agent} />
                      <bdi>{change.key ?? "all keys"}</bdi>
                      <TimeAgo at={change.at} />
                    </a>
                  </li>
                ))}
              {changes.length === 0 && <li class="none-found">Nothing was written yet.</li>}
            </ol>
          </div>
        </div>
      </div>
    </section>
  );
}

function Chart({
  title,
  total,
  values,
  isBytes = false,
}: {
  title: string;
  total: number;
  values: readonly number[];
  isBytes?: boolean;
}) {
  return (
    <figure>
      <figcaption>
        <span>{title}</span>
        <b>{isBytes ? bytes(total) : number(total)}</b>
      </figcaption>
      <Sparkline values={values} label={`${title}, over the last hour`} />
      <div class="axis" aria-hidden="true">
        <span>1 h ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}

function ratePerSecond(all: readonly LogChange[], at: number): number {
  const seconds = 10;
  let count = 0;
  for (let index = all.length - 1; index >= 0; index--) {
    if ((all[index] as LogChange).at < at - seconds * 1_000) break;
    count++;
  }
  return count / seconds;
}

/** The changes of the last hour, by minute. */
function chartsOf(all: readonly LogChange[]) {
  const begin = Date.now() - hourMs;
  const counted = {
    changes: Array.from({ length: buckets }, () => 0),
    bytes: Array.from({ length: buckets }, () => 0),
  };
  const agents = Array.from({ length: buckets }, () => new Set<string>());
  const byAgent = new Map<string, number>();
  let total = 0;
  for (let at = all.length - 1; at >= 0; at--) {
    const change = all[at] as LogChange;
    if (change.at < begin) break;
    const bucket = Math.min(buckets - 1, Math.floor(((change.at - begin) / hourMs) * buckets));
    total++;
    (counted.changes[bucket] as number)++;
    counted.bytes[bucket] = (counted.bytes[bucket] ?? 0) + change.sizeBytes;
    const name = change.agent ?? "";
    agents[bucket]?.add(name);
    byAgent.set(name, (byAgent.get(name) ?? 0) + 1);
  }
  return {
    ...counted,
    total,
    agents: agents.map((names) => names.size),
    agentNames: [...byAgent].sort((a, b) => b[1] - a[1]),
  };
}
