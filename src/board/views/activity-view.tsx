import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import {
  beginnings,
  changes,
  forgetOlder,
  hasOlder,
  loadOlder,
  maxLoaded,
  version,
  type ChangeKind,
  type LogChange,
} from "../change-log.ts";
import { FilteredLog } from "../filtered-log.ts";
import { focusEntry } from "../focus.ts";
import { clock, number } from "../format.ts";
import { placeOf } from "../handoffs.ts";
import { go } from "../route.ts";
import { messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { ActivityFilters } from "./activity-filters.tsx";
import { ChangeRow, kindNames } from "./change-row.tsx";
import { LanesChart } from "./lanes.tsx";

const rowHeight = 32;
const windows = [
  { name: "1 min", ms: 60_000 },
  { name: "5 min", ms: 300_000 },
  { name: "1 h", ms: 3_600_000 },
];
/** The number of pages of the log that are read automatically to find matching changes. */
const maxPagesBack = 20;
/**
 * The same while a filter is active. Only matching changes are kept then, so that more can be read: 200,000 changes.
 */
const maxFilteredPagesBack = 400;

/** The view during a pause: a copy of the log, and the instant at which the lanes end. */
interface Pause {
  readonly at: number;
  readonly list: LogChange[];
  readonly hasOlder: boolean;
}

export function ActivityView({ params }: { params: Readonly<Record<string, string>> }) {
  const { agent = "", ns = "", kind = "" } = params;
  /** Null: live. */
  const [pause, setPause] = useState<Pause | null>(null);
  const [windowMs, setWindowMs] = useState(60_000);
  const [activeRevision, setActiveRevision] = useState<number | null>(null);
  const [hovered, setHovered] = useState<LogChange | null>(null);
  const isFiltered = agent !== "" || ns !== "" || kind !== "";
  const maxPages = isFiltered ? maxFilteredPagesBack : maxPagesBack;
  const [pagesLeft, setPagesLeft] = useState(maxPages);
  useEffect(() => {
    document.title = "Activity · Baton";
    return forgetOlder;
  }, []);

  const live = version.value;
  const all = pause?.list ?? changes;
  const shownVersion = pause ? `${pause.list.length} ${pause.list[0]?.revision}` : live;
  const begun = beginnings.value;
  const filtered = useMemo(
    () => (isFiltered ? new FilteredLog({ agent, ns, kind: kind as ChangeKind | "" }) : null),
    [agent, ns, kind, begun],
  );
  useEffect(() => () => filtered?.close(), [filtered]);
  const filteredVersion = filtered?.version.value;
  const isFull = filtered ? filtered.isFull : all.length >= maxLoaded;
  const isOlder = filtered ? filtered.hasOlder : pause ? pause.hasOlder : hasOlder.value;
  // Until the log is read, there is nothing to go back from.
  const isMore = isOlder && !isFull && (filtered ? filtered.reached !== null : all.length > 0);
  const pausedAfter = pause ? (pause.list.at(-1)?.revision ?? 0) : null;
  const shown = useMemo(() => {
    if (filtered === null) return all;
    const { found } = filtered;
    return pausedAfter === null ? found : found.slice(0, placeOf(found, pausedAfter + 1));
  }, [all, filtered, filteredVersion, pausedAfter]);
  const listVersion = filtered ? `${filteredVersion} ${pausedAfter}` : shownVersion;
  const { length } = shown;
  useEffect(() => setPagesLeft(maxPages), [agent, ns, kind]);

  // Older pages are read while the end of the list is visible, or while the lanes begin before the loaded log.
  const end = useRef(0);
  const isReading = useRef(false);
  const isEndInSight = end.current >= length - 5;
  const oldest = filtered ? filtered.reached : all[0];
  const lacksLanes = pause !== null && (oldest?.at ?? 0) > pause.at - windowMs;
  const readBack = async () => {
    if (isReading.current) return;
    isReading.current = true;
    try {
      const hasMore = await (filtered ? filtered.readBack() : loadOlder(pause?.list));
      setPagesLeft((left) => left - 1);
      if (pause && !filtered && !hasMore) setPause({ ...pause, hasOlder: false });
    } catch (error) {
      say(messageOf(error), true);
      setPagesLeft(0);
    } finally {
      isReading.current = false;
    }
  };
  useEffect(() => {
    if (isMore && pagesLeft > 0 && (isEndInSight || lacksLanes)) void readBack();
  }, [isMore, pagesLeft, isEndInSight, lacksLanes, length, filtered, filteredVersion]);
  const look = (_first: number, last: number) => {
    const isNew = last > end.current;
    end.current = last;
    // Scrolling further requests more.
    if (isNew && last >= length - 5 && isMore) setPagesLeft(maxPages);
  };

  const hold = (at: number) =>
    setPause(pause ? { ...pause, at } : { at, list: [...changes], hasOlder: hasOlder.value });
  const move = (direction: -1 | 1) => {
    const at = Math.min(Date.now(), (pause?.at ?? Date.now()) + (direction * windowMs) / 2);
    setPagesLeft(maxPages);
    hold(at);
  };
  const waiting = pause
    ? changes.length - placeOf(changes, (pause.list.at(-1)?.revision ?? 0) + 1)
    : 0;
  const open = (change: LogChange | undefined) => {
    if (!change) return;
    if (change.key === null) go("entries", { ns: change.namespace });
    else go("entries", { ns: change.namespace, key: change.key, rev: String(change.revision) });
  };
  const rowOf = (revision: number) => length - 1 - placeOf(shown, revision);
  const found = activeRevision === null ? -1 : rowOf(activeRevision);
  const active = shown[length - 1 - found]?.revision === activeRevision ? found : null;
  const isSearching = filtered !== null && isMore && pagesLeft > 0 && (isEndInSight || lacksLanes);
  return (
    <section class="pane activity" aria-label="Activity">
      <header class="pane-head">
        <h1>Activity</h1>
        <span class="count">
          {number(length)}
          {isMore ? "+" : ""}
        </span>
        <span class="spring" />
        {waiting > 0 && <span class="count">{number(waiting)} new</span>}
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
          class="quiet"
          aria-label="Earlier"
          title="Earlier"
          onClick={() => move(-1)}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="quiet flip"
          aria-label="Later"
          title="Later"
          disabled={pause === null}
          onClick={() => move(1)}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="small"
          aria-pressed={pause !== null}
          onClick={() => (pause ? setPause(null) : hold(Date.now()))}
        >
          <Icon name={pause ? "play" : "pause"} size={14} /> {pause ? "Resume" : "Pause"}
        </button>
      </header>
      <ActivityFilters all={all} version={shownVersion} agent={agent} kind={kind} ns={ns} />
      {length === 0 ? (
        <EmptyState
          icon="activity"
          title={
            all.length === 0
              ? "No changes yet"
              : isMore && pagesLeft > 0
                ? "Searching older changes"
                : "No change matches"
          }
          {...(all.length === 0 ? { command: "npm run demo" } : {})}
        >
          {all.length === 0
            ? "Each write of an agent appears here in real time. To see some:"
            : isMore
              ? "No change read so far matches the filters."
              : "Choose other filters above."}
        </EmptyState>
      ) : (
        <>
          <LanesChart
            changes={shown}
            version={listVersion}
            windowMs={windowMs}
            end={pause?.at ?? null}
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
              "An arc is a handoff: one agent's write follows another agent's write of the same key or in the same namespace. Reads are not recorded."
            )}
          </p>
          <VirtualList
            key={`${agent}\0${ns}\0${kind}`}
            label="Changes, newest first"
            idPrefix="change"
            class="list changes"
            count={length}
            rowHeight={rowHeight}
            active={active}
            onActive={(at) => setActiveRevision(shown[length - 1 - at]?.revision ?? null)}
            onOpen={(at) => {
              open(shown[length - 1 - at]);
              focusEntry();
            }}
            onShown={look}
            firstKey={shown[length - 1]?.revision ?? 0}
            placeOf={(revision) => rowOf(Number(revision))}
            render={(at) => {
              const change = shown[length - 1 - at] as LogChange;
              return (
                <ChangeRow
                  key={change.revision}
                  id={`change-${at}`}
                  change={change}
                  all={all}
                  isActive={active === at}
                  onOpen={() => open(change)}
                />
              );
            }}
          />
        </>
      )}
      {oldest && (
        <p class="list-foot" role="status">
          {isFull && isOlder
            ? `Read back to ${clock(oldest.at)}. The page shows at most ${number(length)} changes. Use a filter to find older ones.`
            : !isMore
              ? "The log has no older changes."
              : pagesLeft > 0 && !isSearching
                ? `Read back to ${clock(oldest.at)}.`
                : `Read back to ${clock(oldest.at)}, revision ${number(oldest.revision)}. `}
          {isSearching && (
            <button type="button" class="link" onClick={() => setPagesLeft(0)}>
              Stop
            </button>
          )}
          {isMore && pagesLeft <= 0 && (
            <button type="button" class="link" onClick={() => setPagesLeft(maxPages)}>
              Search older changes
            </button>
          )}
        </p>
      )}
    </section>
  );
}
