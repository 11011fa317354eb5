import type { ListNamespacesOperation } from "@langchain/langgraph-checkpoint";
import { segmentOf, type StoreNames } from "./store-names.ts";

/** A query of Baton's list of namespaces. */
export interface NamespaceQuery {
  readonly namespacePrefix: string;
  readonly segments: string[];
  readonly suffix: string[] | undefined;
  readonly depth: number | undefined;
}

/** Returns the query; null if no namespace can match. */
export function namespaceQuery(
  names: StoreNames,
  { matchConditions = [], maxDepth }: Partial<ListNamespacesOperation>,
): NamespaceQuery | null {
  let begin: (string | null)[] = [];
  let end: (string | null)[] = [];
  for (const { matchType, path } of matchConditions) {
    const labels = path.map((label) => (label === "*" ? null : segmentOf(label)));
    const merged = matchType === "prefix" ? merge(begin, labels) : merge(end, labels.toReversed());
    if (merged === null) return null;
    if (matchType === "prefix") begin = merged;
    else end = merged;
  }
  // A suffix must come after the root, so the namespace has at least as many labels.
  while (begin.length < end.length) begin.push(null);
  const wildcard = (label: string | null) => label ?? "*";
  return {
    namespacePrefix: names.prefix,
    segments: [...names.rootSegments, ...begin.map(wildcard), "**"],
    suffix: end.length > 0 ? end.toReversed().map(wildcard) : undefined,
    depth: maxDepth === undefined ? undefined : names.rootSegments.length + maxDepth,
  };
}

/** Merges two lists into labels that match both. Null matches any label. */
function merge(
  a: readonly (string | null)[],
  b: readonly (string | null)[],
): (string | null)[] | null {
  const merged: (string | null)[] = [];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [one = null, other = null] = [a[at], b[at]];
    if (one !== null && other !== null && one !== other) return null;
    merged.push(one ?? other);
  }
  return merged;
}
