import type { GraphQLResolveInfo } from "graphql";
import type { NamespaceCursor } from "../store/list-namespaces.ts";
import type { Namespace } from "../store/model/entry.ts";
import type { Limits } from "../store/model/limits.ts";
import { defaultDelimiter, readNamespaceFilter } from "../store/model/namespace-filter.ts";
import { prefixed } from "../store/model/text-match.ts";
import { permittedPart } from "../store/model/viewer.ts";
import type { FilteredNamespacesInput } from "../store/readable-namespaces.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  decodeNameCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  notOfThisList,
  pageComplexity,
  statementComplexity,
  type Connection,
} from "./connection.ts";
import type { Context } from "./context.ts";
import { entriesArgs, entriesPage, entryConnection, oneEntry } from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import { clearNamespace } from "./operations.ts";
import { selectsField, selectsWithin } from "./selected-fields.ts";
import { idempotencyKeyInput, namespaceDescription, payloadRevision } from "./mutation-fields.ts";

const namespaceRef = builder.objectRef<Namespace>("Namespace").implement({
  description: "A group of keys, such as `pipeline:job-123`. It exists while it holds an entry.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name." }),
    entryCount: t.exposeInt("entryCount", { description: "The number of entries." }),
    sizeBytes: t.exposeFloat("sizeBytes", {
      description:
        "Bytes of the keys, values and metadata of its entries. It is a Float because an Int cannot exceed 2 GiB.",
    }),
    updatedAt: t.field({
      type: "DateTime",
      description:
        "When one of its entries was last written, by the database's clock. The write counts even if its entry was removed later.",
      resolve: (namespace) => namespace.updatedAt,
    }),
    agents: t.stringList({
      // The number of agents that it shows.
      complexity: 100,
      description:
        "The agents that created or last wrote its entries, sorted. At most the first 100.",
      resolve: (namespace) => [...namespace.agents],
    }),
    entry: t.field({
      type: entryRef,
      nullable: true,
      complexity: statementComplexity,
      description: "The entry of one of its keys; null if it does not exist.",
      args: { key: t.arg.string({ required: true, description: "The key." }) },
      resolve: (namespace, { key }, context) => oneEntry(context, namespace.name, key),
    }),
    entries: t.field({
      type: entryConnection,
      complexity: pageComplexity,
      description:
        "Its entries, sorted by key in the byte order of their UTF-8, unless `orderBy` gives another order.",
      args: entriesArgs(t.arg),
      resolve: (namespace, args, context, info) =>
        entriesPage(context, info, { ...args, namespace: namespace.name }),
    }),
  }),
});

const namespaceConnection = connectionOf("Namespace", "namespaces", namespaceRef);

builder.queryFields((t) => ({
  namespace: t.field({
    type: namespaceRef,
    nullable: true,
    complexity: statementComplexity,
    description: "A namespace; null if it holds no entry.",
    args: {
      name: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
    },
    resolve: (_query, { name }, { store, viewer, budget }) =>
      budget.showRead(store.namespaces.read(viewer, name), (namespace) =>
        namespace ? [sizeOfNames(namespace)] : [],
      ),
  }),
  namespaces: t.field({
    type: namespaceConnection,
    complexity: ({ first, suffix, segments, depth }) =>
      pageComplexity({ first, isFiltered: suffix != null || segments != null || depth != null }),
    description:
      "The namespaces that the token covers, sorted by name in the byte order of their UTF-8. With `segments`, `suffix` or `depth`, a page examines at most `maxExaminedItems` namespaces, so it can have fewer than `first` results: continue while `pageInfo.hasNextPage` is true. Entries are not read.",
    args: {
      prefix: t.arg.string({ description: "Only names that begin with this prefix." }),
      suffix: t.arg.stringList({
        description:
          'Only names that end with these segments, such as `["memories"]`. `*` matches any one segment.',
      }),
      segments: t.arg.stringList({
        description:
          'Only names that consist of these segments, such as `["users", "*", "memories"]`. `*` matches any one segment. `**`, at most once, matches any number of segments, including none: `["users", "**"]` matches `users` and every name below it.',
      }),
      depth: t.arg.int({
        description:
          "Cuts names after this number of segments (at least 1), and lists each result once: at depth 2, `users:ann:memories` becomes `users:ann`. A result stands for all namespaces that match the other arguments and are cut to it, and is listed at the position of the first of them. Its `entryCount` and `sizeBytes` are sums, `updatedAt` is the latest, and `agents` are the first 100 of all. Its `entry` and `entries` belong to the namespace with exactly this name. LIMIT_EXCEEDED if a page sums up more than `maxExaminedItems` namespaces.",
      }),
      delimiter: t.arg.string({
        defaultValue: defaultDelimiter,
        description: "The separator of a name's segments, for `suffix`, `segments` and `depth`.",
      }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description:
          "Only namespaces after this cursor, a `pageInfo.endCursor` of a list with the same arguments.",
      }),
    },
    resolve: async (_query, { prefix, first, after, ...filterInput }, context, info) => {
      const { store, viewer, budget } = context;
      const page = { prefix: prefix ?? "", first: first ?? defaultPageSize };
      const filter = readNamespaceFilter(store.limits, filterInput);
      if (filter) return filteredPage(context, info, { ...page, filter }, after ?? null);
      const name = after == null ? null : decodeNameCursor(after);
      const read = store.namespaces.list(viewer, page.prefix, page.first, name);
      const found = await budget.showRead(read, ({ items }) => items.map(sizeOfNames));
      return { ...found, cursorOf: (namespace: Namespace) => encodeCursor([namespace.name]) };
    },
  }),
}));

/** Reads a page of a list with a filter. */
async function filteredPage(
  { store, viewer, budget }: Context,
  info: GraphQLResolveInfo,
  input: Omit<FilteredNamespacesInput, "after">,
  after: string | null,
): Promise<Connection<Namespace>> {
  const withTotals = totalFields.some((field) => selectsWithin(info, field));
  const place = after === null ? null : decodeNamespaceCursor(store.limits, after);
  const read = store.namespaces.listFiltered(viewer, { ...input, after: place }, withTotals);
  const { items, cursors, end, hasMore } = await budget.showRead(read, (page) =>
    page.items.map(sizeOfNames),
  );
  return {
    // GraphQL resolves only the fields that were read.
    items: items as readonly Namespace[],
    hasMore,
    cursorOf: ({ name }) => encodeNamespaceCursor(cursors.get(name) as NamespaceCursor),
    end: end && encodeNamespaceCursor(end),
  };
}

/** The fields of a namespace that need more than its name. */
const totalFields = ["entryCount", "sizeBytes", "updatedAt", "agents"];

function encodeNamespaceCursor({ bound, listed }: NamespaceCursor): string {
  // The listed names are prefixes of the bound, so the cursor holds only their lengths.
  const lengths = listed.map((name) => name.length).join(",");
  return encodeCursor([bound.name, bound.isIncluded ? "from" : "after", lengths]);
}

/** @throws BAD_USER_INPUT */
function decodeNamespaceCursor({ maxNamespaceBytes }: Limits, cursor: string): NamespaceCursor {
  const [name = "", side, lengths = ""] = decodeCursor(cursor, 3);
  const listed = lengths === "" ? [] : lengths.split(",").map(Number);
  const isOfName = listed.every(
    (length, index) => length > (listed[index - 1] ?? 0) && length <= name.length,
  );
  // A bound can be a name with one more character.
  const isBound = Buffer.byteLength(name) <= maxNamespaceBytes + 4;
  if (!isOfName || !isBound || (side !== "from" && side !== "after")) throw notOfThisList();
  return {
    bound: { name, isIncluded: side === "from" },
    listed: listed.map((length) => name.slice(0, length)),
  };
}

/** The size of a namespace in a response: its name, and the names of its agents. */
function sizeOfNames({ name, agents = [] }: Pick<Namespace, "name"> & Partial<Namespace>) {
  return { namespace: name, sizeBytes: Buffer.byteLength(name) + bytesOf(agents) };
}

function bytesOf(names: readonly string[]): number {
  return names.reduce((bytes, name) => bytes + Buffer.byteLength(name), 0);
}

interface Cleared extends Revised {
  readonly clearedCount: number;
  readonly namespaces: readonly string[];
}

const clearNamespacesInput = builder.inputType("ClearNamespacesInput", {
  description: "Namespaces to clear.",
  fields: (t) => ({
    namespacePrefix: t.string({
      required: true,
      description:
        'Clears every namespace that begins with this prefix; `""` clears all of them. A token limited to namespaces clears the permitted ones.',
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const clearNamespacePayload = builder.objectRef<Cleared>("ClearNamespacePayload").implement({
  description: "The result of `clearNamespace`.",
  fields: (t) => ({
    clearedCount: t.exposeInt("clearedCount", { description: "The number of deleted entries." }),
    revision: payloadRevision(t),
  }),
});

const clearNamespacesPayload = builder.objectRef<Cleared>("ClearNamespacesPayload").implement({
  description: "The result of `clearNamespaces`.",
  fields: (t) => ({
    clearedCount: t.exposeInt("clearedCount", { description: "The number of deleted entries." }),
    namespaces: t.stringList({
      description:
        "The cleared namespaces, sorted. Needs the scope `read`; without it nothing is cleared.",
      resolve: (result) => [...result.namespaces],
    }),
    revision: payloadRevision(t),
  }),
});

builder.mutationFields((t) => ({
  clearNamespace: t.field({
    type: clearNamespacePayload,
    description: "Deletes every entry of a namespace, in one change.",
    args: {
      input: t.arg({ type: clearNamespace.asInput, required: true, description: "The namespace." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.clearNamespace(viewer, input),
  }),
  clearNamespaces: t.field({
    type: clearNamespacesPayload,
    description:
      "Deletes every entry of all namespaces that begin with a prefix, in one transaction. Each namespace is one change.",
    args: {
      input: t.arg({
        type: clearNamespacesInput,
        required: true,
        description: "The namespaces.",
      }),
    },
    resolve: (_mutation, { input }, { store, writer, viewer, budget }, info) => {
      const clear = () => writer.clearNamespaces(viewer, input);
      if (!selectsField(info, "namespaces")) return clear();
      const { maxClearedNamespaces, maxNamespaceBytes } = store.limits;
      const largest = { sizeBytes: maxClearedNamespaces * maxNamespaceBytes, nameBytes: 0 };
      const cleared = permittedPart(viewer, "write", prefixed(input.namespacePrefix));
      return budget.showWritten(viewer, cleared, largest, clear, ({ namespaces }) => [
        { sizeBytes: bytesOf(namespaces) },
      ]);
    },
  }),
}));
