import { useEffect } from "preact/hooks";
import { namespaces } from "../namespaces.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { EntryList } from "./entry-list.tsx";
import { EntryPane } from "./entry-pane.tsx";
import { GroupList } from "./group-list.tsx";
import { NamespacePane } from "./namespace-pane.tsx";

/** The tree, the entries of a namespace, and one entry. On a phone, one of the three is shown. */
export function EntriesView({ params }: { params: Readonly<Record<string, string>> }) {
  const { ns, key, group } = params;
  useEffect(() => {
    document.title = [key, ns ?? group, "Baton"].filter(Boolean).join(" · ");
  }, [ns, key, group]);
  const level =
    ns === undefined
      ? group === undefined
        ? "tree"
        : "list"
      : key === undefined
        ? "list"
        : "entry";
  return (
    <div class="entries" data-level={level}>
      <NamespacePane selected={ns ?? null} group={ns === undefined ? (group ?? null) : null} />
      {ns === undefined && group !== undefined ? (
        <GroupList prefix={group} />
      ) : ns === undefined ? (
        <section class="pane list-pane">
          {namespaces.value?.size === 0 ? (
            <EmptyState
              icon="entries"
              title="The store is empty"
              command={`npx baton set hello '"world"' --namespace handoff`}
            >
              Write a first entry, and it appears here. To see agents at work, run{" "}
              <code>npm run demo</code>.
            </EmptyState>
          ) : (
            <EmptyState icon="entries" title="Choose a namespace">
              Its entries are listed here, and are updated when agents write them.
            </EmptyState>
          )}
        </section>
      ) : (
        <EntryList key={ns} namespace={ns} params={params} />
      )}
      {ns !== undefined && key !== undefined && (
        <EntryPane key={`${ns}\0${key}`} namespace={ns} entryKey={key} params={params} />
      )}
    </div>
  );
}
