import { visibleName } from "../format.ts";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { onChanges } from "../change-log.ts";
import { deleteEntry, indented, readEntry, writeEntry, type EntryDetail } from "../entry-detail.ts";
import { Refusal } from "../graphql.ts";
import { entryTitleId, focusList } from "../focus.ts";
import { oneAtATime } from "../one-at-a-time.ts";
import { withParams } from "../route.ts";
import { mayWrite, messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { Code } from "../ui/code.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { copy, EmptyState } from "../ui/empty-state.tsx";
import { Icon } from "../ui/icons.tsx";
import { JsonTree } from "../ui/json-tree.tsx";
import { ConflictDialog } from "./conflict-dialog.tsx";
import { EntryFacts } from "./entry-facts.tsx";
import { ExpirySelect, type Expiry } from "./expiry-select.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { SnippetsTab } from "./snippets-tab.tsx";

const tabs = ["tree", "text", "history", "code"] as const;
type Tab = (typeof tabs)[number];
const tabNames: Record<Tab, string> = {
  tree: "Tree",
  text: "Text",
  history: "History",
  code: "Copy as",
};

interface EntryPaneProps {
  readonly namespace: string;
  readonly entryKey: string;
  readonly params: Readonly<Record<string, string>>;
}

export function EntryPane({ namespace, entryKey, params }: EntryPaneProps) {
  const [entry, setEntry] = useState<EntryDetail | null | undefined>(undefined);
  const [error, setError] = useState<string | null>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const [conflict, setConflict] = useState<EntryDetail | null | undefined>(undefined);
  const [isDeleting, setDeleting] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const lastRead = useRef(0);
  const tab: Tab =
    params["rev"] !== undefined
      ? "history"
      : (tabs.find((name) => name === params["tab"]) ?? "tree");

  const read = useCallback(async () => {
    const turn = ++lastRead.current;
    try {
      const found = await readEntry(namespace, entryKey);
      if (turn !== lastRead.current) return;
      setEntry(found);
      setError(null);
    } catch (caught) {
      if (turn === lastRead.current) setError(messageOf(caught));
    }
  }, [namespace, entryKey]);
  useEffect(() => {
    const reading = oneAtATime(read);
    reading.request();
    const unsubscribe = onChanges((fresh) => {
      const concerns = fresh.some(
        (change) =>
          change.namespace === namespace && (change.key === null || change.key === entryKey),
      );
      if (concerns) reading.request();
    });
    return () => {
      reading.end();
      unsubscribe();
    };
  }, [read]);

  const close = () => {
    withParams({ key: null, rev: null, tab: null });
    focusList();
  };
  const base = useRef<EntryDetail | null>(null);
  const [expiry, setExpiry] = useState<Expiry>("keep");
  const edit = () => {
    base.current = entry ?? null;
    setExpiry("keep");
    setDraft(entry ? indented(entry.value) : "");
  };
  const jsonError = draft === null ? null : jsonErrorOf(draft);
  const save = async (text: string, from: EntryDetail | null) => {
    setBusy(true);
    try {
      await writeEntry({
        namespace,
        key: entryKey,
        value: text,
        ifRevision: from?.revision ?? "0",
        ...(typeof expiry === "number"
          ? { ttlSeconds: expiry }
          : { expiresAt: expiry === "keep" ? (from?.expiresAt ?? null) : null }),
      });
      setDraft(null);
      setConflict(undefined);
      say("Saved.");
      await read();
    } catch (caught) {
      if (caught instanceof Refusal && caught.code === "CONFLICT") {
        setConflict(await readEntry(namespace, entryKey).catch(() => null));
      } else say(messageOf(caught), true);
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    setDeleting(false);
    try {
      if (entry) await deleteEntry(namespace, entryKey, entry.revision);
      say("Deleted. The history keeps its values.");
      await read();
    } catch (caught) {
      const isConflict = caught instanceof Refusal && caught.code === "CONFLICT";
      say(
        isConflict
          ? "Not deleted, because another client has written the entry. Read it first."
          : messageOf(caught),
        true,
      );
    }
  };

  return (
    <section
      class="pane entry-pane"
      aria-label={`Entry ${entryKey}`}
      onKeyDown={(event) => event.key === "Escape" && draft === null && close()}
    >
      <header class="pane-head">
        <button
          type="button"
          class="quiet only-phone"
          aria-label="Back to the entries"
          onClick={close}
        >
          <Icon name="back" />
        </button>
        <h1 title={entryKey} id={entryTitleId} tabIndex={-1}>
          <bdi>{visibleName(entryKey)}</bdi>
        </h1>
        <span class="spring" />
        {draft === null ? (
          <>
            {entry && (
              <button
                type="button"
                class="quiet"
                aria-label="Copy the value"
                title="Copy the value"
                onClick={() => void copy(indented(entry.value))}
              >
                <Icon name="copy" />
              </button>
            )}
            {mayWrite(namespace) && entry && (
              <>
                <button type="button" class="small" onClick={edit}>
                  <Icon name="edit" size={14} /> Edit
                </button>
                <button
                  type="button"
                  class="quiet"
                  aria-label="Delete"
                  title="Delete"
                  onClick={() => setDeleting(true)}
                >
                  <Icon name="trash" />
                </button>
              </>
            )}
            <button
              type="button"
              class="quiet not-phone"
              aria-label="Close"
              title="Close"
              onClick={close}
            >
              <Icon name="close" />
            </button>
          </>
        ) : (
          <>
            <button type="button" class="small" onClick={() => setDraft(null)}>
              Cancel
            </button>
            <button
              type="button"
              class="small primary"
              disabled={jsonError !== null || isBusy}
              onClick={() => void save(draft, base.current)}
            >
              Save
            </button>
          </>
        )}
      </header>
      {error !== null ? (
        <EmptyState icon="entries" title="The entry cannot be read">
          {error}
        </EmptyState>
      ) : entry === undefined ? (
        <div class="loading" role="status" aria-busy="true" aria-label="Reading the entry" />
      ) : (
        <>
          {entry && <EntryFacts namespace={namespace} entry={entry} />}
          {draft !== null ? (
            <>
              <div class={jsonError === null ? "check ok" : "check error"}>
                <p role="status">
                  {jsonError ??
                    (base.current && entry && base.current.revision !== entry.revision
                      ? "Valid JSON. Another client has written the entry since you began. Saving shows both values."
                      : "Valid JSON.")}
                </p>
                <ExpirySelect
                  value={expiry}
                  current={base.current?.expiresAt ?? null}
                  onChange={setExpiry}
                />
              </div>
              <Code
                text={draft}
                label="Value"
                onChange={setDraft}
                onSave={() => jsonError === null && !isBusy && void save(draft, base.current)}
              />
              <p class="list-foot">
                <kbd>Ctrl</kbd>+<kbd>Enter</kbd> saves. <kbd>Escape</kbd>, then <kbd>Tab</kbd>{" "}
                leaves the editor.
              </p>
            </>
          ) : (
            <>
              <div class="tabs" role="tablist" aria-label="Views of the entry">
                {tabs.map((name) => (
                  <button
                    key={name}
                    type="button"
                    role="tab"
                    aria-selected={tab === name}
                    onClick={() =>
                      withParams({ tab: name === "tree" ? null : name, rev: null }, true)
                    }
                  >
                    {tabNames[name]}
                  </button>
                ))}
              </div>
              <div class="tab-body" role="tabpanel" aria-label={tabNames[tab]} tabIndex={0}>
                {tab === "history" ? (
                  <HistoryTab
                    namespace={namespace}
                    entryKey={entryKey}
                    current={entry}
                    asked={params["rev"] ?? null}
                  />
                ) : tab === "code" ? (
                  <SnippetsTab namespace={namespace} entryKey={entryKey} />
                ) : entry === null ? (
                  <EmptyState icon="entries" title="The entry does not exist">
                    It was deleted or has expired.{" "}
                    <button
                      type="button"
                      class="link"
                      onClick={() => withParams({ tab: "history" }, true)}
                    >
                      Show its history
                    </button>
                  </EmptyState>
                ) : tab === "text" ? (
                  <Code text={indented(entry.value)} label="Value" />
                ) : (
                  <>
                    <JsonTree key={entry.revision} text={entry.value} />
                    {entry.metadata !== "{}" && (
                      <>
                        <h2 class="sub">Metadata</h2>
                        <JsonTree key={`m${entry.revision}`} text={entry.metadata} />
                      </>
                    )}
                  </>
                )}
              </div>
            </>
          )}
        </>
      )}
      {isDeleting && (
        <Dialog title="Delete this entry?" onClose={() => setDeleting(false)}>
          <p>
            <bdi class="mono">{visibleName(entryKey)}</bdi> is deleted, unless another client writes
            it first. Subscribers receive the change.
          </p>
          <footer>
            <button type="button" onClick={() => setDeleting(false)}>
              Cancel
            </button>
            <button type="button" class="danger" onClick={() => void remove()}>
              Delete
            </button>
          </footer>
        </Dialog>
      )}
      {conflict !== undefined && draft !== null && (
        <ConflictDialog
          theirs={conflict}
          mine={draft}
          onClose={() => setConflict(undefined)}
          onTake={() => {
            setConflict(undefined);
            setDraft(null);
          }}
          onKeep={(text) => void save(text, conflict)}
        />
      )}
    </section>
  );
}

/** Returns why a text is not valid JSON, or null. */
export function jsonErrorOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return text.trim() === "" ? "Type a JSON value." : `Not valid JSON yet: ${messageOf(error)}`;
  }
}
