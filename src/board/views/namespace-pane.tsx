import { signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import { bytes, number } from "../format.ts";
import { namespaces, tree } from "../namespaces.ts";
import { openNodes, type TreeNode } from "../namespace-tree.ts";
import { go } from "../route.ts";
import { Icon } from "../ui/icons.tsx";
import { TimeAgo } from "../ui/time-ago.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";

/** What a person opened and closed, by prefix; others are open when they hold few. */
const opened = signal<ReadonlyMap<string, boolean>>(new Map());

export function NamespacePane({ selected }: { selected: string | null }) {
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState<number | null>(null);
  const isOpen = (node: TreeNode) =>
    filter !== "" ||
    (opened.value.get(node.prefix) ?? (node.depth === 0 && node.children.length <= 12)) ||
    (opened.value.get(node.prefix) === undefined &&
      selected !== null &&
      selected !== node.prefix &&
      selected.startsWith(node.prefix));
  const nodes = useMemo(() => {
    const wanted = filter.toLowerCase();
    const matches = (node: TreeNode): boolean =>
      node.prefix.toLowerCase().includes(wanted) || node.children.some(matches);
    return openNodes(tree.value, isOpen).filter((node) => wanted === "" || matches(node));
  }, [tree.value, opened.value, filter, selected]);
  const toggle = (node: TreeNode, open = !isOpen(node)) =>
    (opened.value = new Map(opened.value).set(node.prefix, open));
  const open = (node: TreeNode) => {
    if (node.namespace) go("entries", { ns: node.namespace.name });
    else toggle(node);
  };
  const all = namespaces.value;
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
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      {all === null ? (
        <div class="loading" aria-busy="true" aria-label="Reading the namespaces" />
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
          onOpen={(at) => nodes[at] && open(nodes[at])}
          onSide={(at, direction) => {
            const node = nodes[at];
            if (node && node.children.length > 0) toggle(node, direction === 1);
          }}
          render={(at) => {
            const node = nodes[at] as TreeNode;
            const isFolder = node.children.length > 0;
            const isSelected = node.namespace !== null && node.namespace.name === selected;
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
                <bdi class={node.namespace ? "tree-name" : "tree-name folder"}>{node.label}</bdi>
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
