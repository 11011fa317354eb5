import { signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import { focusList } from "../focus.ts";
import { bytes, number, visibleName } from "../format.ts";
import { namespaces, tree } from "../namespaces.ts";
import { openNodes, type TreeNode } from "../namespace-tree.ts";
import { go } from "../route.ts";
import { Icon } from "../ui/icons.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";

/** The groups that the person opened or closed, by prefix. Others are open if they are small. */
const opened = signal<ReadonlyMap<string, boolean>>(new Map());

interface NamespacePaneProps {
  /** The namespace that is shown. */
  readonly selected: string | null;
  /** The prefix of the group that is shown. */
  readonly group: string | null;
}

export function NamespacePane({ selected, group }: NamespacePaneProps) {
  const [filter, setFilter] = useState("");
  /** The groups that were closed while a filter is set. */
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [activePrefix, setActivePrefix] = useState<string | null>(null);
  const isWithin = (node: TreeNode, name: string | null) =>
    name !== null && name !== node.prefix && name.startsWith(node.prefix);
  const isOpen = (node: TreeNode) => {
    if (filter !== "") return !closed.has(node.prefix);
    const chosen = opened.value.get(node.prefix);
    if (chosen !== undefined) return chosen;
    const isSmall = node.depth === 0 && node.children.length <= 12;
    return isSmall || isWithin(node, selected) || isWithin(node, group);
  };
  const nodes = useMemo(() => {
    const wanted = filter.toLowerCase();
    const matches = (node: TreeNode): boolean =>
      node.prefix.toLowerCase().includes(wanted) || node.children.some(matches);
    return openNodes(tree.value, isOpen).filter((node) => wanted === "" || matches(node));
  }, [tree.value, opened.value, filter, closed, selected, group]);
  const toggle = (node: TreeNode, open = !isOpen(node)) => {
    if (filter === "") opened.value = new Map(opened.value).set(node.prefix, open);
    else {
      const others = [...closed].filter((prefix) => prefix !== node.prefix);
      setClosed(new Set(open ? others : [...others, node.prefix]));
    }
  };
  // A click on the name opens a group, or closes it if it is selected. A click on the arrow opens and closes it.
  const open = (node: TreeNode) => {
    if (node.namespace) return go("entries", { ns: node.namespace.name });
    toggle(node, group !== node.prefix || !isOpen(node));
    if (group !== node.prefix) go("entries", { group: node.prefix });
  };
  const all = namespaces.value;
  // The focus follows the name, because rows are added and removed above it.
  const activeAt = nodes.findIndex(({ prefix }) => prefix === activePrefix);
  const active = activeAt < 0 ? null : activeAt;
  const setActive = (index: number) => setActivePrefix(nodes[index]?.prefix ?? null);
  return (
    <section class="pane tree-pane" aria-label="Namespaces">
      <header class="pane-head">
        <h1>Namespaces</h1>
        <span class="count">{all ? number(all.size) : ""}</span>
      </header>
      <div class="field">
        <Icon name="search" size={14} />
        <input
          type="search"
          placeholder="Find a namespace"
          aria-label="Find a namespace"
          value={filter}
          onInput={(event) => {
            setFilter(event.currentTarget.value);
            setClosed(new Set());
          }}
        />
      </div>
      {all === null ? (
        <div class="loading" role="status" aria-busy="true" aria-label="Reading the namespaces" />
      ) : (
        <VirtualList
          role="tree"
          label="Namespaces"
          idPrefix="ns"
          class="tree"
          count={nodes.length}
          rowHeight={30}
          active={active}
          onActive={setActive}
          onOpen={(at) => {
            const node = nodes[at];
            if (!node) return;
            open(node);
            if (node.namespace) focusList();
          }}
          onSide={(at, direction) => {
            const node = nodes[at];
            if (node && node.children.length > 0) toggle(node, direction === 1);
          }}
          render={(at) => {
            const node = nodes[at] as TreeNode;
            const isFolder = node.children.length > 0;
            const isSelected = node.namespace
              ? node.namespace.name === selected
              : node.prefix === group;
            return (
              <div
                key={node.prefix}
                id={`ns-${at}`}
                role="treeitem"
                aria-level={node.depth + 1}
                aria-expanded={isFolder ? isOpen(node) : undefined}
                aria-selected={isSelected}
                class={`tree-row${isSelected ? " selected" : ""}${active === at ? " active" : ""}`}
                style={{ "--depth": node.depth }}
                title={titleOf(node)}
                onClick={() => {
                  setActive(at);
                  open(node);
                }}
              >
                <span
                  class={`twist${isFolder ? (isOpen(node) ? " open" : "") : " none"}`}
                  aria-hidden="true"
                  onClick={(event) => {
                    if (!isFolder) return;
                    event.stopPropagation();
                    toggle(node);
                  }}
                >
                  <Icon name="chevron" size={12} />
                </span>
                <bdi class={node.namespace ? "tree-name" : "tree-name folder"}>
                  {visibleName(node.label)}
                </bdi>
                <span class="tree-time">{node.updatedAt && <TimeAgo at={node.updatedAt} />}</span>
                <span class="tree-count">{number(node.entryCount)}</span>
              </div>
            );
          }}
        />
      )}
      {nodes.length === 0 && filter !== "" && (
        <p class="none-found">No namespace has “{filter}” in its name.</p>
      )}
    </section>
  );
}

function titleOf({ prefix, entryCount, sizeBytes, namespaceCount, namespace }: TreeNode): string {
  const agents =
    namespace && namespace.agents.length > 0
      ? `\nAgents: ${namespace.agents.slice(0, 12).join(", ")}`
      : "";
  const within = namespaceCount > 1 ? `, ${number(namespaceCount)} namespaces` : "";
  return `${prefix}\n${number(entryCount)} entries, ${bytes(sizeBytes)}${within}${agents}`;
}
