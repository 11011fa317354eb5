import { compareNames } from "./format.ts";
import type { NamespaceInfo } from "./namespaces.ts";

/** A namespace, or the common prefix of several namespaces before a `:` or `/`. */
export interface TreeNode {
  /** The part after its parent's prefix. */
  readonly label: string;
  /** The prefix of every namespace in it. */
  readonly prefix: string;
  readonly depth: number;
  /** The namespace with exactly this name, or null. */
  readonly namespace: NamespaceInfo | null;
  readonly children: readonly TreeNode[];
  /** Of all namespaces in it. */
  readonly entryCount: number;
  readonly sizeBytes: number;
  readonly namespaceCount: number;
  readonly updatedAt: string;
}

interface Building {
  readonly prefix: string;
  namespace: NamespaceInfo | null;
  readonly children: Map<string, Building>;
}

/** Splits after each `:` and `/`. They belong to the part before them. */
function segmentsOf(name: string): string[] {
  return name.match(/[^:/]*[:/]+|[^:/]+$/g) ?? [name];
}

export function buildTree(namespaces: readonly NamespaceInfo[]): TreeNode[] {
  const root: Building = { prefix: "", namespace: null, children: new Map() };
  for (const namespace of namespaces) {
    let at = root;
    for (const segment of segmentsOf(namespace.name)) {
      let next = at.children.get(segment);
      if (!next) {
        next = { prefix: at.prefix + segment, namespace: null, children: new Map() };
        at.children.set(segment, next);
      }
      at = next;
    }
    at.namespace = namespace;
  }
  return childrenOf(root, 0);
}

function childrenOf({ children, prefix }: Building, depth: number): TreeNode[] {
  return [...children.values()]
    .map((child) => nodeOf(child, prefix, depth))
    .sort((a, b) => compareNames(a.prefix, b.prefix));
}

/** A part that contains only one part, and is not a namespace itself, is shown together with that part. */
function nodeOf(building: Building, parentPrefix: string, depth: number): TreeNode {
  let at = building;
  for (;;) {
    const [only, another] = at.children.values();
    if (!only || another || at.namespace) break;
    at = only;
  }
  const children = childrenOf(at, depth + 1);
  const own = at.namespace;
  const sum = (of: (node: TreeNode) => number) => children.reduce((all, node) => all + of(node), 0);
  return {
    label: at.prefix.slice(parentPrefix.length),
    prefix: at.prefix,
    depth,
    namespace: own,
    children,
    entryCount: (own?.entryCount ?? 0) + sum((node) => node.entryCount),
    sizeBytes: (own?.sizeBytes ?? 0) + sum((node) => node.sizeBytes),
    namespaceCount: (own ? 1 : 0) + sum((node) => node.namespaceCount),
    updatedAt: children.reduce(
      (latest, node) => (node.updatedAt > latest ? node.updatedAt : latest),
      own?.updatedAt ?? "",
    ),
  };
}

/** The visible nodes: those whose parents are open. */
export function openNodes(
  nodes: readonly TreeNode[],
  isOpen: (node: TreeNode) => boolean,
): TreeNode[] {
  const shown: TreeNode[] = [];
  const visit = (node: TreeNode) => {
    shown.push(node);
    if (node.children.length > 0 && isOpen(node)) node.children.forEach(visit);
  };
  nodes.forEach(visit);
  return shown;
}
