import { useComputed } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ClaimsWatch } from "../claims-watch.ts";
import { EntryRows, placeOfKey, type EntryRow } from "../entry-rows.ts";
import { focusEntry } from "../focus.ts";
import { bytes, number, visibleName } from "../format.ts";
import { namespaces } from "../namespaces.ts";
import { withParams } from "../route.ts";
import { mayWrite } from "../session.ts";
import { maxPreviewBytes, ShownValues } from "../shown-values.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";
import { Countdown, TimeAgo } from "../ui/time-ago.tsx";
import { ListTitle } from "../ui/list-title.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { NamespaceMenu } from "./namespace-menu.tsx";
import { NewEntry } from "./new-entry.tsx";
import { SearchResults } from "./search-results.tsx";

const rowHeight = 36;
/** The time for which a new row is highlighted. */
const litMs = 1_800;

interface EntryListProps {
  readonly namespace: string;
  readonly params: Readonly<Record<string, string>>;
}

export function EntryList({ namespace, params }: EntryListProps) {
  const { prefix = "", text = "", key: selected } = params;
  const rows = useMemo(() => new EntryRows(namespace), [namespace]);
  const values = useMemo(() => new ShownValues(namespace), [namespace]);
  const claims = useMemo(() => new ClaimsWatch({ namespace }), [namespace]);
  useEffect(() => () => (rows.close(), values.close(), claims.close()), [rows, values, claims]);
  const [isSearching, setSearching] = useState(text !== "");
  const [isCreating, setCreating] = useState(false);
  const [activeKey, setActiveKey] = useState<string | null>(null);

  const version = rows.version.value;
  const shown = useMemo(
    () => (prefix === "" ? rows.rows : rows.rows.filter(({ key }) => key.startsWith(prefix))),
    [version, prefix, rows],
  );
  // The focus follows the key, because rows are added and removed above it.
  const activeAt = activeKey === null ? -1 : placeOfKey(shown, activeKey);
  const active = shown[activeAt]?.key === activeKey ? activeAt : null;
  const setActive = (at: number) => setActiveKey(shown[at]?.key ?? null);
  const held = useComputed(() => new Map(claims.held.value.map((claim) => [claim.key, claim])));
  const range = useRef<[number, number]>([0, 0]);
  const want = useCallback(
    (first: number, last: number) => {
      range.current = [first, last];
      values.want(shown.slice(first, last));
    },
    [shown, values],
  );
  // A visible row that was written again has another value.
  useEffect(() => values.want(shown.slice(...range.current)), [version]);
  void values.version.value;
  const info = namespaces.value?.get(namespace);
  const refusal = rows.refusal.value;
  const find = (typed: string) =>
    withParams(isSearching ? { text: typed, prefix: null } : { prefix: typed, text: null }, true);

  return (
    <section class="pane list-pane" aria-label={`Entries of ${namespace}`}>
      <header class="pane-head">
        <ListTitle title={namespace} />
        <span class="count" title="Entries">
          {number(shown.length)}
          {!rows.isCaughtUp.value && info && info.entryCount > rows.rows.length
            ? ` of ${number(info.entryCount)}`
            : ""}
        </span>
        <span class="count">{info ? bytes(info.sizeBytes) : ""}</span>
        <span class="spring" />
        {mayWrite(namespace) && (
          <button type="button" class="small" onClick={() => setCreating(true)}>
            New entry
          </button>
        )}
        <NamespaceMenu namespace={namespace} entryCount={info?.entryCount ?? 0} />
      </header>
      <div class="find">
        <div class="segments" role="group" aria-label="How to find entries">
          <button
            type="button"
            aria-pressed={!isSearching}
            onClick={() => (setSearching(false), withParams({ text: null }, true))}
          >
            Prefix
          </button>
          <button
            type="button"
            aria-pressed={isSearching}
            onClick={() => (setSearching(true), withParams({ prefix: null }, true))}
          >
            Text
          </button>
        </div>
        <div class="field">
          <Icon name="search" size={14} />
          <input
            type="search"
            aria-label={
              isSearching ? "Find a text in keys and values" : "Only keys that begin with"
            }
            placeholder={
              isSearching ? "Find a text in keys and values" : "Only keys that begin with …"
            }
            value={isSearching ? text : prefix}
            onInput={(event) => find(event.currentTarget.value)}
          />
        </div>
      </div>
      {refusal !== null ? (
        <EmptyState icon="lock" title="This namespace cannot be shown">
          {refusal}
        </EmptyState>
      ) : isSearching && text.length >= 3 ? (
        <SearchResults namespace={namespace} text={text} selected={selected ?? null} />
      ) : shown.length === 0 && rows.isCaughtUp.value ? (
        <EmptyState
          icon="entries"
          title={prefix === "" ? "No entries" : "No key begins with this"}
          {...(prefix === ""
            ? {
                command: `npx baton set my-key '{"hello":"world"}' --namespace ${shellWord(namespace)}`,
              }
            : {})}
        >
          {prefix === ""
            ? "A namespace exists while it contains an entry. Write one:"
            : "Keys are case-sensitive."}
        </EmptyState>
      ) : (
        <>
          <div class="list-head" aria-hidden="true">
            <span>Key</span>
            <span>Value</span>
            <span>Agent</span>
            <span class="end">Written</span>
          </div>
          <VirtualList
            label={`Entries of ${namespace}`}
            idPrefix="entry"
            class="list"
            count={shown.length}
            rowHeight={rowHeight}
            active={active}
            onActive={setActive}
            onOpen={(at) => {
              withParams({ key: shown[at]?.key, rev: null });
              focusEntry();
            }}
            onShown={want}
            render={(at) => (
              <Row
                key={shown[at]?.key}
                id={`entry-${at}`}
                row={shown[at] as EntryRow}
                value={values.of(shown[at] as EntryRow)}
                holder={held.value.get((shown[at] as EntryRow).key) ?? null}
                isSelected={shown[at]?.key === selected}
                isActive={active === at}
                onOpen={() => {
                  setActive(at);
                  withParams({ key: shown[at]?.key, rev: null });
                }}
              />
            )}
          />
        </>
      )}
      {isCreating && <NewEntry namespace={namespace} onClose={() => setCreating(false)} />}
    </section>
  );
}

interface RowProps {
  readonly id: string;
  readonly row: EntryRow;
  readonly value: string | null;
  readonly holder: { readonly agent: string | null; readonly expiresAt: string } | null;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly onOpen: () => void;
}

function Row({ id, row, value, holder, isSelected, isActive, onOpen }: RowProps) {
  const isLit = row.arrivedAt !== null && performance.now() - row.arrivedAt < litMs;
  return (
    <div
      id={id}
      role="option"
      aria-selected={isSelected}
      class={`entry-row${isSelected ? " selected" : ""}${isActive ? " active" : ""}`}
      onClick={onOpen}
    >
      {isLit && <i key={row.revision} class="lit" aria-hidden="true" />}
      <bdi class="entry-key" title={row.key}>
        {visibleName(row.key)}
      </bdi>
      <bdi class="entry-value">
        {value ?? (row.sizeBytes > maxPreviewBytes ? <em>{bytes(row.sizeBytes)}</em> : "")}
      </bdi>
      <span class="entry-agent">
        {holder ? (
          <span class="held" title="A claim holds this entry">
            <Icon name="lock" size={12} />
            <bdi>{holder.agent ?? "held"}</bdi> <Countdown until={holder.expiresAt} over="ended" />
          </span>
        ) : (
          <AgentTag name={row.agent} />
        )}
      </span>
      <span class="entry-age">
        {row.expiresAt !== null && (
          <span class="ttl" title="Time to live">
            <Icon name="clock" size={12} />
            <Countdown until={row.expiresAt} />
          </span>
        )}
        <TimeAgo at={row.at} />
      </span>
    </div>
  );
}

function shellWord(word: string): string {
  return /^[\w:./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
