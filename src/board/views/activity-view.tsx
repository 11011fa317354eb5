import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import {
  changes,
  hasOlder,
  loadOlder,
  version,
  type ChangeKind,
  type LogChange,
} from "../change-log.ts";
import { bytes, clock, instant, number } from "../format.ts";
import { go, withParams } from "../route.ts";
import { messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { LanesChart } from "./lanes.tsx";

const rowHeight = 32;
const windows = [
  { name: "1 min", ms: 60_000 },
  { name: "5 min", ms: 300_000 },
  { name: "1 h", ms: 3_600_000 },
];
export const kindNames: Record<ChangeKind, string> = {
  SET: "set",
  DELETED: "deleted",
  EXPIRED: "expired",
  NAMESPACE_CLEARED: "cleared",
};

export function ActivityView({ params }: { params: Readonly<Record<string, string>> }) {
  const { agent = "", ns = "", kind = "" } = params;
  /** What is shown stays while it is paused; null: live. */
  const [paused, setPaused] = useState<{
    readonly at: number;
    readonly changes: readonly LogChange[];
  } | null>(null);
  const [windowMs, setWindowMs] = useState(60_000);
  const [active, setActive] = useState<number | null>(null);
  const [hovered, setHovered] = useState<LogChange | null>(null);
  useEffect(() => {
    document.title = "Activity · Baton";
  }, []);

  const shownVersion = paused ? paused : version.value;
  const all = paused?.changes ?? changes;
  const agents = useMemo(
    () => [...new Set(all.map((change) => change.agent ?? ""))].sort(),
    [shownVersion],
  );
  const shown = useMemo(() => {
    if (agent === "" && ns === "" && kind === "") return all;
    return all.filter(
      (change) =>
        (agent === "" || (change.agent ?? "") === agent) &&
        change.namespace.startsWith(ns) &&
        (kind === "" || change.kind === kind),
    );
  }, [shownVersion, agent, ns, kind]);
  const open = (change: LogChange | undefined) => {
    if (!change) return;
    if (change.key === null) go("entries", { ns: change.namespace });
    else go("entries", { ns: change.namespace, key: change.key, rev: String(change.revision) });
  };
  const more = useCallback(
    (_first: number, last: number) => {
      if (paused === null && last >= shown.length - 5 && hasOlder.value) {
        loadOlder().catch((error: unknown) => say(messageOf(error), true));
      }
    },
    [shown.length, paused],
  );
  const length = shown.length;
  return (
    <section class="pane activity" aria-label="Activity">
      <header class="pane-head">
        <h1>Activity</h1>
        <span class="count">
          {number(length)}
          {hasOlder.value ? "+" : ""}
        </span>
        <span class="spring" />
        <div class="segments" role="group" aria-label="Time shown">
          {windows.map(({ name, ms }) => (
            <button
              key={ms}
              type="button"
              aria-pressed={windowMs === ms}
              onClick={() => setWindowMs(ms)}
            >
              {name}
            </button>
          ))}
        </div>
        <button
          type="button"
          class="small"
          aria-pressed={paused !== null}
          onClick={() => setPaused(paused ? null : { at: Date.now(), changes: [...changes] })}
        >
          <Icon name={paused ? "play" : "pause"} size={14} /> {paused ? "Go on" : "Pause"}
        </button>
      </header>
      <div class="filters">
        <label>
          <span>Agent</span>
          <select
            value={agent}
            onChange={(event) => withParams({ agent: event.currentTarget.value }, true)}
          >
            <option value="">all</option>
            {agents
              .filter((name) => name !== "")
              .map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </select>
        </label>
        <label>
          <span>Kind</span>
          <select
            value={kind}
            onChange={(event) => withParams({ kind: event.currentTarget.value }, true)}
          >
            <option value="">all</option>
            {Object.entries(kindNames).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <div class="field">
          <Icon name="search" size={14} />
          <input
            type="search"
            aria-label="Only namespaces that begin with"
            placeholder="Only namespaces that begin with …"
            value={ns}
            onInput={(event) => withParams({ ns: event.currentTarget.value }, true)}
          />
        </div>
      </div>
      {length === 0 ? (
        <EmptyState
          icon="activity"
          title={all.length === 0 ? "Nothing has happened yet" : "No change matches"}
          {...(all.length === 0 ? { command: "npm run demo" } : {})}
        >
          {all.length === 0
            ? "Each write of an agent appears here as it happens. To see some:"
            : "Choose other filters above."}
        </EmptyState>
      ) : (
        <>
          <LanesChart
            changes={shown}
            version={shownVersion}
            windowMs={windowMs}
            end={paused?.at ?? null}
            onOpen={open}
            onHover={setHovered}
          />
          <p class="lane-hint" aria-hidden="true">
            {hovered ? (
              <>
                <b>r{hovered.revision}</b> {hovered.agent ?? "no name"} {kindNames[hovered.kind]}{" "}
                <bdi>{hovered.key ?? "all keys"}</bdi> in <bdi>{hovered.namespace}</bdi>
              </>
            ) : (
              "An arc is a handoff: one agent's write follows another's, of the same key or in the same namespace."
            )}
          </p>
          <VirtualList
            label="Changes, the newest first"
            idPrefix="change"
            class="list changes"
            count={length}
            rowHeight={rowHeight}
            active={active}
            onActive={setActive}
            onOpen={(at) => open(shown[length - 1 - at])}
            onShown={more}
            render={(at) => {
              const change = shown[length - 1 - at] as LogChange;
              return (
                <div
                  key={change.revision}
                  id={`change-${at}`}
                  role="option"
                  aria-selected={active === at}
                  class={`change-row${active === at ? " active" : ""}`}
                  onClick={() => open(change)}
                >
                  <time
                    class="mono"
                    dateTime={new Date(change.at).toISOString()}
                    title={instant(change.at)}
                  >
                    {clock(change.at)}
                  </time>
                  <AgentTag name={change.agent} />
                  <span class={`kind ${change.kind}`}>
                    {change.isNew ? "new" : kindNames[change.kind]}
                  </span>
                  <bdi class="change-key">{change.key ?? "all keys"}</bdi>
                  <bdi class="change-ns">{change.namespace}</bdi>
                  <span class="end">{change.sizeBytes > 0 ? bytes(change.sizeBytes) : ""}</span>
                  <span class="end mono muted">r{change.revision}</span>
                </div>
              );
            }}
          />
        </>
      )}
    </section>
  );
}
