import { signal } from "@preact/signals";
import { request } from "./graphql.ts";
import { openStream } from "./live-stream.ts";

// The board's copy of the log: the latest changes of all namespaces that the token covers, without their values.

export type ChangeKind = "SET" | "DELETED" | "EXPIRED" | "NAMESPACE_CLEARED";

export interface LogChange {
  readonly kind: ChangeKind;
  readonly revision: number;
  readonly namespace: string;
  /** Null if the namespace was cleared. */
  readonly key: string | null;
  readonly agent: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sizeBytes: number;
  /** Whether the change created the entry. */
  readonly isNew: boolean;
}

interface AnsweredChange {
  readonly kind: ChangeKind;
  readonly revision: string;
  readonly namespace: string;
  readonly key: string | null;
  readonly agent: string | null;
  readonly at: string;
  readonly entry: { readonly sizeBytes: number; readonly createdRevision: string } | null;
}

const fields = `kind revision namespace key agent at entry { sizeBytes createdRevision }`;
/** The oldest changes beyond this number are removed here. The server still has them. */
const maxKept = 20_000;
/** Older changes that the person has scrolled back to are kept in addition, up to this total. */
export const maxLoaded = 60_000;
const pageSize = 500;

/** The oldest first. The array stays the same object; `version` changes when it grows. */
export const changes: LogChange[] = [];
export const version = signal(0);
/** Whether the log has changes older than these. */
export const hasOlder = signal(true);
/** Increases each time the log is started: at first, and after it was compacted. */
export const beginnings = signal(0);
/** The number of changes that are kept. */
let kept = maxKept;

type Listener = (fresh: readonly LogChange[]) => void;
const listeners = new Set<Listener>();

/** Calls the function with each group of new changes. */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changeOf(change: AnsweredChange): LogChange {
  const { kind, revision, namespace, key, agent, at, entry } = change;
  return {
    kind,
    revision: Number(revision),
    namespace,
    key,
    agent,
    at: Date.parse(at),
    sizeBytes: entry?.sizeBytes ?? 0,
    isNew: entry?.createdRevision === revision,
  };
}

const pageDocument = `query log($after: Revision, $first: Int!, $namespacePrefix: String) {
  viewer { headRevision }
  changes(namespacePrefix: $namespacePrefix, after: $after, first: $first, orderBy: REVISION_DESC) { nodes { ${fields} } pageInfo { hasNextPage } }
}`;

interface Page {
  readonly viewer: { readonly headRevision: string };
  readonly changes: {
    readonly nodes: readonly AnsweredChange[];
    readonly pageInfo: { readonly hasNextPage: boolean };
  };
}

/**
 * Follows the log until the returned function is called:
 *
 * 1. Read the head, then the latest page. Any change that is not in the page comes after the head.
 * 2. Subscribe after the newest revision that was read. Each reconnection resumes after the last revision received.
 */
export function followLog(): () => void {
  changes.length = 0;
  kept = maxKept;
  hasOlder.value = true;
  let isOver = false;
  let close = () => {};
  const begin = async () => {
    const { viewer, changes: page } = await request<Page>(pageDocument, { first: pageSize });
    if (isOver) return;
    changes.splice(0, changes.length, ...page.nodes.map(changeOf).reverse());
    hasOlder.value = page.pageInfo.hasNextPage;
    beginnings.value++;
    // A token that covers a part of the store can read only that part of the log.
    let after = changes.at(-1)?.revision ?? Number(viewer.headRevision);
    version.value++;
    close = openStream<AnsweredChange>({
      document: `subscription board($after: Revision) { entryChanged(after: $after) { ${fields} } }`,
      variables: () => ({ after: String(after) }),
      next(events) {
        const fresh = events.map(changeOf).filter(({ revision }) => revision > after);
        const last = fresh.at(-1);
        if (!last) return;
        after = last.revision;
        for (const change of fresh) changes.push(change);
        trim();
        version.value++;
        for (const listener of listeners) listener(fresh);
      },
      refused(code) {
        if (code !== "REVISION_COMPACTED") return;
        // The log no longer contains the revision: start again with the current changes.
        close();
        void retry();
      },
    });
  };
  const retry = async () => {
    for (let ms = 500; !isOver; ms = Math.min(5_000, ms * 2)) {
      try {
        return await begin();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  };
  void retry();
  return () => {
    isOver = true;
    close();
  };
}

function trim(): void {
  if (changes.length <= kept) return;
  changes.splice(0, changes.length - kept);
  hasOlder.value = true;
}

/** Removes the older changes that were loaded, when no view shows them any more. */
export function forgetOlder(): void {
  kept = maxKept;
  trim();
}

/**
 * Reads a page of changes that are older than a revision, the newest first.
 * @param namespacePrefix the beginning of their namespaces; null for all
 */
export async function readOlder(
  revision: number,
  namespacePrefix: string | null,
): Promise<{ readonly changes: readonly LogChange[]; readonly hasOlder: boolean }> {
  const { changes: page } = await request<Page>(pageDocument, {
    after: String(revision),
    first: pageSize,
    namespacePrefix,
  });
  return { changes: page.nodes.map(changeOf), hasOlder: page.pageInfo.hasNextPage };
}

let isLoading = false;

/**
 * Reads one more page of changes that are older than the first of a list, and puts them before it. The list is the log,
 * or the copy of it that a pause made.
 * @returns whether older changes can exist
 */
export async function loadOlder(list: LogChange[] = changes): Promise<boolean> {
  const [first] = list;
  if (!first || list.length >= maxLoaded) return false;
  if (isLoading) return true;
  isLoading = true;
  try {
    const page = await readOlder(first.revision, null);
    // The list was trimmed or started again.
    if (list[0] !== first) return true;
    list.unshift(...page.changes.toReversed());
    if (list === changes) {
      kept = Math.min(maxLoaded, Math.max(kept, list.length));
      hasOlder.value = page.hasOlder;
    }
    version.value++;
    return page.hasOlder && list.length < maxLoaded;
  } finally {
    isLoading = false;
  }
}
