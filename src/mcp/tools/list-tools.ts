import { badUserInput } from "../../errors.ts";
import type { ListPage } from "../../store/filter-page.ts";
import type { Namespace } from "../../store/model/entry.ts";
import { readNamespaceFilter } from "../../store/model/namespace-filter.ts";
import type { Viewer } from "../../store/model/viewer.ts";
import type { FilteredNamespacesInput } from "../../store/readable-namespaces.ts";
import type { Store } from "../../store/store.ts";
import { integer, optional, required, revision, text, withDefault } from "../fields.ts";
import { glimpse } from "../shown-value.ts";
import { atField, namespaceField, tool, type Tool } from "../tool.ts";
import { whereField, whereOf } from "./where-field.ts";

const keyPrefix = withDefault(text, "", "Only keys that begin with this.");

function first(count: number) {
  return withDefault(integer, count, "Maximum number of results.");
}

const listKeys = tool({
  name: "baton_list_keys",
  title: "List keys",
  description:
    "List the keys of one namespace, sorted, with who wrote each one and when, without the values.",
  fields: {
    namespace: namespaceField,
    keyPrefix,
    where: whereField,
    at: atField,
    first: first(100),
    after: optional(text, "Only keys after this one: the last key of the previous page."),
  },
  async run({ store, session, closed }, { namespace, after, where, ...input }) {
    const asked = {
      namespace,
      ...input,
      where: whereOf(where),
      after: after === null ? null : { namespace, key: after },
    };
    const page = await store.entries.listHeads(session.viewer, asked, closed);
    // With a filter, the page can end after its last item.
    const last = page.end ?? page.items.at(-1);
    return {
      namespace,
      keys: page.items.map((entry) => ({
        key: entry.key,
        revision: String(entry.revision),
        updatedBy: entry.updatedBy ?? undefined,
        updatedAt: entry.updatedAt.toISOString(),
        sizeBytes: entry.sizeBytes,
      })),
      hasMore: page.hasMore,
      next:
        page.hasMore && last
          ? `There are more. Call again with after: ${JSON.stringify(last.key)}.`
          : last || after !== null
            ? undefined
            : "No key matches. List the namespaces with baton_list_namespaces.",
    };
  },
});

const listNamespaces = tool({
  name: "baton_list_namespaces",
  title: "List namespaces",
  description:
    "List the namespaces of the shared store that you can read, with the number of entries and the agents that wrote in each. Start here to find out what the store contains.",
  fields: {
    prefix: withDefault(text, "", "Only namespaces that begin with this."),
    pattern: optional(
      text,
      "Only namespaces that match this pattern, such as pipeline:*:results. * matches one part between colons, ** any number of parts.",
    ),
    first: first(50),
    after: optional(text, "Only namespaces after this one, which the previous page names."),
  },
  argumentOf: (path) => path.replace(/^segments\b.*/, "pattern"),
  async run({ store, session }, { prefix, pattern, first: count, after }) {
    const segments = pattern?.split(":");
    const filter = readNamespaceFilter(store.limits, { segments });
    const page: ListPage<Namespace, string> = filter
      ? await filteredNamespaces(store, session.viewer, { prefix, filter, first: count }, after)
      : await store.namespaces.list(session.viewer, prefix, count, after);
    const last = page.end ?? page.items.at(-1)?.name;
    return {
      namespaces: page.items.map(({ name, entryCount, updatedAt, agents }) => ({
        name,
        entryCount,
        updatedAt: updatedAt.toISOString(),
        agents: agents.slice(0, 10),
      })),
      hasMore: page.hasMore,
      next:
        page.hasMore && last !== undefined
          ? `There are more. Call again with after: ${JSON.stringify(last)}.`
          : undefined,
    };
  },
});

/** Without a depth, the next page continues after a name, even if the filter excluded it. */
async function filteredNamespaces(
  store: Store,
  viewer: Viewer,
  input: Omit<FilteredNamespacesInput, "after">,
  after: string | null,
): Promise<ListPage<Namespace, string>> {
  const place = after === null ? null : { bound: { name: after, isIncluded: false }, listed: [] };
  const page = await store.namespaces.listFiltered(viewer, { ...input, after: place }, true);
  // The query requested totals, so these are full namespaces.
  const items = page.items as readonly Namespace[];
  return { items, hasMore: page.hasMore, end: page.end?.bound.name ?? null };
}

const search = tool({
  name: "baton_search",
  title: "Search keys and values",
  description:
    "Find entries by a text in their key or in a string of their value, in every namespace that you can read, the latest write first. Case does not matter.",
  fields: {
    text: required(text, "The text, at least 3 characters. There are no wildcards."),
    namespacePrefix: withDefault(text, "", "Only namespaces that begin with this."),
    first: first(10),
    after: optional(
      revision,
      "Only results after this one: the revision of the last result of the previous page.",
    ),
  },
  async run({ store, session, closed }, { after, ...input }) {
    const page = await store.entries.search(session.viewer, { ...input, before: after }, closed);
    const last = page.items.at(-1);
    return {
      results: page.items.map(({ entry, match }) => ({
        namespace: entry.namespace,
        key: entry.key,
        revision: String(entry.revision),
        path: match.path ?? undefined,
        snippet: match.before + match.text + match.after,
      })),
      hasMore: page.hasMore,
      next:
        page.hasMore && last
          ? `There are more. Call again with after: "${last.entry.revision}".`
          : undefined,
    };
  },
});

const history = tool({
  name: "baton_history",
  title: "See what changed",
  description:
    "List the changes of a key or of a whole namespace, the newest first, each with its kind, time and agent.",
  fields: {
    namespace: namespaceField,
    key: optional(text, "Only this key."),
    keyPrefix: optional(text, "Only keys that begin with this."),
    first: first(20),
    after: optional(
      revision,
      "Only older changes: the revision of the last change of the previous page.",
    ),
  },
  async run({ store, session, closed }, input) {
    if (input.key !== null && input.keyPrefix !== null) {
      throw badUserInput("keyPrefix", "Give either key or keyPrefix, not both.");
    }
    const page = await store.log.list(session.viewer, { ...input, isNewestFirst: true }, closed);
    const last = page.items.at(-1);
    return {
      namespace: input.namespace,
      changes: page.items.map(({ kind, revision: at, key, agent, at: time, entry }) => ({
        kind,
        revision: String(at),
        key: key ?? undefined,
        agent: agent ?? undefined,
        at: time.toISOString(),
        ...(entry ? glimpseWithin(entry, page.items.length) : {}),
      })),
      hasMore: page.hasMore,
      next:
        page.hasMore && last
          ? `There are older changes. Call again with after: "${last.revision}".`
          : undefined,
    };
  },
});

/** Leaves the value out if there are many changes, so that the list stays short. */
function glimpseWithin(entry: Parameters<typeof glimpse>[0], count: number) {
  return count > maxWithValues ? {} : glimpse(entry);
}

const maxWithValues = 20;

/** Tools that list. */
export const listTools: readonly Tool[] = [listKeys, listNamespaces, search, history];
