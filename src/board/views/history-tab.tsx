import { useEffect, useMemo, useState } from "preact/hooks";
import {
  indented,
  readHistory,
  readRevision,
  writeEntry,
  type EntryDetail,
  type HistoryItem,
} from "../entry-detail.ts";
import { withParams } from "../route.ts";
import { mayWrite, messageOf } from "../session.ts";
import { bytes, instant } from "../format.ts";
import { say } from "../toast.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { Code, Diff } from "../ui/code.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";

const kindNames = {
  SET: "set",
  DELETED: "deleted",
  EXPIRED: "expired",
  NAMESPACE_CLEARED: "cleared",
} as const;

interface HistoryTabProps {
  readonly namespace: string;
  readonly entryKey: string;
  readonly current: EntryDetail | null;
  /** The revision that the address names. */
  readonly asked: string | null;
}

/** The revisions of a key on a slider, and the differences between two of them. */
export function HistoryTab({ namespace, entryKey, current, asked }: HistoryTabProps) {
  const [items, setItems] = useState<readonly HistoryItem[] | null>(null);
  const [against, setAgainst] = useState<string | null>(null);
  const [values, setValues] = useState<ReadonlyMap<string, string | null>>(new Map());
  useEffect(() => {
    readHistory(namespace, entryKey).then(setItems, (error: unknown) =>
      say(messageOf(error), true),
    );
  }, [namespace, entryKey, current?.revision]);

  const found = items?.findIndex(({ revision }) => revision === asked) ?? -1;
  const at = items === null ? -1 : found >= 0 ? found : items.length - 1;
  const item = items?.[at] ?? null;
  const before = useMemo(() => {
    if (items === null || item === null) return null;
    return items.find(({ revision }) => revision === against) ?? items[at - 1] ?? null;
  }, [items, at, against]);
  useEffect(() => {
    const missing = [item, before].filter(
      (one): one is HistoryItem => one !== null && !values.has(one.revision),
    );
    for (const { revision, entry } of missing) {
      const read = entry ? readRevision(namespace, entryKey, revision) : Promise.resolve(null);
      read.then(
        (detail) => setValues((old) => new Map(old).set(revision, detail?.value ?? null)),
        (error: unknown) => say(messageOf(error), true),
      );
    }
  }, [item, before]);

  if (items === null)
    return <div class="loading" role="status" aria-busy="true" aria-label="Reading the history" />;
  if (item === null) return <EmptyState icon="clock" title="The log has no change of this key" />;
  const show = (to: number) => withParams({ rev: items[to]?.revision }, true);
  const shownOf = (one: HistoryItem | null) => {
    const text = one ? values.get(one.revision) : null;
    return text == null ? "" : indented(text);
  };
  const isReady = values.has(item.revision) && (before === null || values.has(before.revision));
  const isCurrent = item.revision === current?.revision;
  const restore = async () => {
    const value = values.get(item.revision);
    if (value == null) return;
    try {
      await writeEntry({
        namespace,
        key: entryKey,
        value,
        ifRevision: current?.revision ?? "0",
        expiresAt: current?.expiresAt ?? null,
      });
      say(`Restored revision ${item.revision} as a new revision.`);
      withParams({ rev: null, tab: "history" }, true);
    } catch (error) {
      say(messageOf(error), true);
    }
  };
  return (
    <div class="history">
      <div class="history-bar">
        <button
          type="button"
          class="quiet"
          aria-label="Earlier revision"
          disabled={at === 0}
          onClick={() => show(at - 1)}
        >
          <Icon name="back" />
        </button>
        <input
          type="range"
          min={0}
          max={items.length - 1}
          value={at}
          aria-label="Revision"
          aria-valuetext={`Revision ${item.revision}, ${at + 1} of ${items.length}`}
          onInput={(event) => show(Number(event.currentTarget.value))}
        />
        <button
          type="button"
          class="quiet flip"
          aria-label="Later revision"
          disabled={at === items.length - 1}
          onClick={() => show(at + 1)}
        >
          <Icon name="back" />
        </button>
      </div>
      <div class="history-facts">
        <strong class="mono">r{item.revision}</strong>
        <span class={`kind ${item.kind}`}>{kindNames[item.kind]}</span>
        <AgentTag name={item.agent} />
        <time dateTime={item.at}>{instant(item.at)}</time>
        {item.entry && <span>{bytes(item.entry.sizeBytes)}</span>}
        <span class="spring" />
        <label class="against">
          compared with
          <select
            value={before?.revision ?? ""}
            onChange={(event) => setAgainst(event.currentTarget.value || null)}
          >
            {before === null && <option value="">no earlier value</option>}
            {items.map(({ revision }) => (
              <option key={revision} value={revision}>
                r{revision}
              </option>
            ))}
          </select>
        </label>
        {mayWrite(namespace) && item.entry && !isCurrent && (
          <button type="button" class="small" onClick={() => void restore()}>
            <Icon name="restore" size={14} /> Restore
          </button>
        )}
      </div>
      {!isReady ? (
        <div class="loading" role="status" aria-busy="true" aria-label="Reading the revision" />
      ) : before === null ? (
        <Code text={shownOf(item)} label={`Revision ${item.revision}`} />
      ) : (
        <Diff
          before={shownOf(before)}
          after={shownOf(item)}
          labels={[`Revision ${before.revision}`, `Revision ${item.revision}`]}
        />
      )}
    </div>
  );
}
