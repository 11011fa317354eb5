import { useMemo, useState } from "preact/hooks";
import { focusList } from "../focus.ts";
import { compareNames, bytes, number, visibleName } from "../format.ts";
import { namespaces } from "../namespaces.ts";
import { go } from "../route.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ListTitle } from "../ui/list-title.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";

const maxShownAgents = 3;

/** Lists the namespaces of a group of the tree: those that begin with its prefix. */
export function GroupList({ prefix }: { prefix: string }) {
  const [activeName, setActiveName] = useState<string | null>(null);
  const all = namespaces.value;
  const members = useMemo(
    () =>
      [...(all?.values() ?? [])]
        .filter(({ name }) => name.startsWith(prefix))
        .sort((a, b) => compareNames(a.name, b.name)),
    [all, prefix],
  );
  const at = members.findIndex(({ name }) => name === activeName);
  const open = (index: number) => {
    const name = members[index]?.name;
    if (name !== undefined) go("entries", { ns: name });
  };
  const total = (of: "entryCount" | "sizeBytes") =>
    members.reduce((sum, member) => sum + member[of], 0);
  return (
    <section class="pane list-pane" aria-label={`Namespaces of ${prefix}`}>
      <header class="pane-head">
        <ListTitle title={prefix} />
        <span class="count">
          {number(members.length)} namespaces, {number(total("entryCount"))} entries,{" "}
          {bytes(total("sizeBytes"))}
        </span>
      </header>
      {all !== null && members.length === 0 ? (
        <EmptyState icon="entries" title="No namespace begins with this">
          A namespace exists while it contains an entry.
        </EmptyState>
      ) : (
        <>
          <div class="list-head group-row" aria-hidden="true">
            <span>Namespace</span>
            <span>Agents</span>
            <span class="end">Entries</span>
            <span class="end">Size</span>
            <span class="end">Written</span>
          </div>
          <VirtualList
            label={`Namespaces of ${prefix}`}
            idPrefix="group"
            class="list"
            count={members.length}
            rowHeight={36}
            active={at < 0 ? null : at}
            onActive={(index) => setActiveName(members[index]?.name ?? null)}
            onOpen={(index) => {
              open(index);
              focusList();
            }}
            render={(index) => {
              const member = members[index];
              if (!member) return null;
              const { name, agents, entryCount, sizeBytes, updatedAt } = member;
              return (
                <div
                  key={name}
                  id={`group-${index}`}
                  role="option"
                  aria-selected={index === at}
                  class={`entry-row group-row${index === at ? " active" : ""}`}
                  title={name}
                  onClick={() => open(index)}
                >
                  <bdi class="entry-key">{visibleName(name.slice(prefix.length) || name)}</bdi>
                  <span class="group-agents">
                    {agents.slice(0, maxShownAgents).map((agent) => (
                      <AgentTag key={agent} name={agent} />
                    ))}
                    {agents.length > maxShownAgents && (
                      <span class="muted">+{agents.length - maxShownAgents}</span>
                    )}
                  </span>
                  <span class="end">{number(entryCount)}</span>
                  <span class="end">{bytes(sizeBytes)}</span>
                  <span class="entry-age">
                    <TimeAgo at={updatedAt} />
                  </span>
                </div>
              );
            }}
          />
        </>
      )}
    </section>
  );
}
