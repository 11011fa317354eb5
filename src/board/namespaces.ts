import { computed, signal } from "@preact/signals";
import { onChanges } from "./change-log.ts";
import { request } from "./graphql.ts";
import { buildTree } from "./namespace-tree.ts";
import { oneAtATime } from "./one-at-a-time.ts";

export interface NamespaceInfo {
  readonly name: string;
  readonly entryCount: number;
  readonly sizeBytes: number;
  readonly updatedAt: string;
  readonly agents: readonly string[];
}

const fields = "name entryCount sizeBytes updatedAt agents";
const pageSize = 500;
/** If more namespaces than this changed, all namespaces are read again. */
const maxReadSingly = 20;
const minPauseMs = 400;
const retryMs = 2_000;

/** By name. Null before the first read. */
export const namespaces = signal<ReadonlyMap<string, NamespaceInfo> | null>(null);
export const tree = computed(() => buildTree([...(namespaces.value?.values() ?? [])]));

interface Page {
  readonly namespaces: {
    readonly nodes: readonly NamespaceInfo[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

async function readAll(): Promise<Map<string, NamespaceInfo>> {
  const all = new Map<string, NamespaceInfo>();
  for (let after: string | null = null; ;) {
    const { namespaces: page }: Page = await request<Page>(
      `query namespaces($first: Int!, $after: String) {
        namespaces(first: $first, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
      }`,
      { first: pageSize, after },
    );
    for (const info of page.nodes) all.set(info.name, info);
    if (!page.pageInfo.hasNextPage) return all;
    after = page.pageInfo.endCursor;
  }
}

async function readSome(names: readonly string[]): Promise<Map<string, NamespaceInfo>> {
  const parameters = names.map((_, at) => `$n${at}: String!`).join(", ");
  const asked = names.map((_, at) => `n${at}: namespace(name: $n${at}) { ${fields} }`).join(" ");
  const answer = await request<Record<string, NamespaceInfo | null>>(
    `query namespaces(${parameters}) { ${asked} }`,
    Object.fromEntries(names.map((name, at) => [`n${at}`, name])),
  );
  const all = new Map(namespaces.value);
  names.forEach((name, at) => {
    const info = answer[`n${at}`];
    if (info) all.set(name, info);
    else all.delete(name);
  });
  return all;
}

/** Reads the namespaces, and reads those that change again, until the returned function is called. */
export function followNamespaces(): () => void {
  let isOver = false;
  let isStale = true;
  const changed = new Set<string>();
  const reading = oneAtATime(async () => {
    const names = [...changed];
    changed.clear();
    const wasStale = isStale || names.length > maxReadSingly;
    isStale = false;
    try {
      const all = wasStale ? await readAll() : names.length > 0 ? await readSome(names) : null;
      if (all && !isOver) namespaces.value = all;
    } catch {
      isStale = true;
      setTimeout(() => reading.request(), retryMs);
    }
  }, minPauseMs);
  const unsubscribe = onChanges((fresh) => {
    for (const { namespace } of fresh) changed.add(namespace);
    reading.request();
  });
  reading.request();
  return () => {
    isOver = true;
    reading.end();
    unsubscribe();
    namespaces.value = null;
  };
}
