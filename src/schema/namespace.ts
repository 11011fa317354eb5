import type { GraphQLResolveInfo } from "graphql";
import type { NamespaceCursor } from "../store/list-namespaces.ts";
import type { Namespace } from "../store/model/entry.ts";
import type { Limits } from "../store/model/limits.ts";
import { defaultDelimiter, readNamespaceFilter } from "../store/model/namespace-filter.ts";
import { prefixed } from "../store/model/text-match.ts";
import { permittedPart } from "../store/model/viewer.ts";
import type { FilteredNamespacesInput } from "../store/store.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  notOfThisList,
  pageComplexity,
  statementComplexity,
  type Connection,
} from "./connection.ts";
import type { Context } from "./context.ts";
import {
  entriesPage,
  entryConnection,
  entriesWhereDescription,
  entryOrderBy,
  keyPrefixDescription,
  oneEntry,
} from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import { clearNamespace } from "./operations.ts";
import { selectsField, selectsWithin } from "./selected-fields.ts";
import { valueCondition } from "./value-condition.ts";
import { idempotencyKeyInput, namespaceDescription, payloadRevision } from "./write.ts";

const namespaceRef = builder.objectRef<Namespace>("Namespace").implement({
  description: "A group of keys, such as `pipeline:job-123`. It exists while it holds an entry.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name." }),
    entryCount: t.exposeInt("entryCount", { description: "How many entries it holds." }),
    sizeBytes: t.exposeFloat("sizeBytes", {
      description:
        "Bytes of its entries' keys, values and metadata. A Float, since an Int ends at 2 GiB.",
    }),
    updatedAt: t.field({
      type: "DateTime",
      description:
        "When an entry of it was written last, by the database's clock. A write counts also if its entry was removed since.",
      resolve: (namespace) => namespace.updatedAt,
    }),
    agents: t.stringList({
      description:
        "The agents that created or last wrote one of its entries, sorted; the first 100 of them.",
      resolve: (namespace) => [...namespace.agents],
    }),
    entry: t.field({
      type: entryRef,
      nullable: true,
      complexity: statementComplexity,
      description: "What one of its keys holds; null where that holds nothing.",
      args: { key: t.arg.string({ required: true, description: "The key." }) },
      resolve: (namespace, { key }, context) => oneEntry(context, namespace.name, key),
    }),
    entries: t.field({
      type: entryConnection,
      complexity: pageComplexity,
      description:
        "Its entries, sorted by key in the byte order of their UTF-8, unless `orderBy` says otherwise.",
      args: {
        keyPrefix: t.arg.string({ description: keyPrefixDescription }),
        keys: t.arg.stringList({
          description:
            "Only these keys, at most as many as a page may have. Set `first` to as many.",
        }),
        first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
        after: t.arg.string({
          description: "Only entries behind this cursor, a `pageInfo.endCursor`.",
        }),
        orderBy: t.arg(entryOrderBy),
        where: t.arg({ type: [valueCondition], description: entriesWhereDescription }),
      },
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
    description: "A namespace; null where it holds no entry.",
    args: {
      name: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
    },
    resolve: (_query, { name }, { store, viewer, budget }) =>
      budget.showRead(store.namespace(viewer, name), (namespace) =>
        namespace ? [sizeOfNames(namespace)] : [],
      ),
  }),
  namespaces: t.field({
    type: namespaceConnection,
    complexity: ({ first, suffix, segments, depth }) =>
      pageComplexity({ first, isFiltered: suffix != null || segments != null || depth != null }),
    description:
      "The namespaces that the token covers, sorted by name in the byte order of their UTF-8. With `segments`, `suffix` or `depth`, a page looks at no more namespaces than the limit `maxExaminedItems`, and may end before `first` there: go on while `pageInfo.hasNextPage` is true. No entry is looked at.",
    args: {
      prefix: t.arg.string({ description: "Only names that begin with this." }),
      suffix: t.arg.stringList({
        description:
          'Only names whose last segments are these, such as `["memories"]`. `*` is any one segment.',
      }),
      segments: t.arg.stringList({
        description:
          'Only names of these segments, such as `["users", "*", "memories"]`. `*` is any one segment. `**`, which may be given once, is any number of segments, also none: `["users", "**"]` is `users` and all below.',
      }),
      depth: t.arg.int({
        description:
          "Cuts names after so many segments, at least 1, and lists each result once: `users:ann:memories` is `users:ann` at depth 2. What is listed so stands for all namespaces that pass the other arguments and are cut to it. It stands where the first of them does. Its `entryCount` and `sizeBytes` are sums, `updatedAt` is the latest, and `agents` are the first 100 of all; LIMIT_EXCEEDED if a page sums up more namespaces than `maxExaminedItems`. Its `entry` and `entries` are of the namespace of exactly this name.",
      }),
      delimiter: t.arg.string({
        defaultValue: defaultDelimiter,
        description: "What segments of a name lie between, for `suffix`, `segments` and `depth`.",
      }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description:
          "Only namespaces behind this cursor, a `pageInfo.endCursor` of a list with the same arguments.",
      }),
    },
    resolve: async (_query, { prefix, first, after, ...filterInput }, context, info) => {
      const { store, viewer, budget } = context;
      const page = { prefix: prefix ?? "", first: first ?? defaultPageSize };
      const filter = readNamespaceFilter(store.limits, filterInput);
      if (filter) return filteredPage(context, info, { ...page, filter }, after ?? null);
      const [name = null] = after == null ? [] : decodeCursor(after, 1);
      const read = store.namespaces(viewer, page.prefix, page.first, name);
      const found = await budget.showRead(read, ({ items }) => items.map(sizeOfNames));
      return { ...found, cursorOf: (namespace: Namespace) => encodeCursor([namespace.name]) };
    },
  }),
}));

/** A page of a list with a filter. */
async function filteredPage(
  { store, viewer, budget }: Context,
  info: GraphQLResolveInfo,
  input: Omit<FilteredNamespacesInput, "after">,
  after: string | null,
): Promise<Connection<Namespace>> {
  const withTotals = totalFields.some((field) => selectsWithin(info, field));
  const place = after === null ? null : decodeNamespaceCursor(store.limits, after);
  const read = store.filteredNamespaces(viewer, { ...input, after: place }, withTotals);
  const { items, cursors, end, hasMore } = await budget.showRead(read, (page) =>
    page.items.map(sizeOfNames),
  );
  return {
    // Nothing resolves what was not read.
    items: items as readonly Namespace[],
    hasMore,
    cursorOf: ({ name }) => encodeNamespaceCursor(cursors.get(name) as NamespaceCursor),
    end: end && encodeNamespaceCursor(end),
  };
}

/** What of a namespace is more than its name. */
const totalFields = ["entryCount", "sizeBytes", "updatedAt", "agents"];

function encodeNamespaceCursor({ bound, listed }: NamespaceCursor): string {
  // Names that were listed are what the bound begins with.
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
  // A bound that is not a name is one character longer at most.
  const isBound = Buffer.byteLength(name) <= maxNamespaceBytes + 4;
  if (!isOfName || !isBound || (side !== "from" && side !== "after")) throw notOfThisList();
  return {
    bound: { name, isIncluded: side === "from" },
    listed: listed.map((length) => name.slice(0, length)),
  };
}

/** What is shown of a namespace: its name, and those of its agents. */
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
        'Every namespace that begins with this; `""` is all of them. A token limited to namespaces clears its part.',
    }),
    idempotencyKey: idempotencyKeyInput(t),
  }),
});

const clearNamespacePayload = builder.objectRef<Cleared>("ClearNamespacePayload").implement({
  description: "What `clearNamespace` came to.",
  fields: (t) => ({
    clearedCount: t.exposeInt("clearedCount", { description: "How many entries were deleted." }),
    revision: payloadRevision(t),
  }),
});

const clearNamespacesPayload = builder.objectRef<Cleared>("ClearNamespacesPayload").implement({
  description: "What `clearNamespaces` came to.",
  fields: (t) => ({
    clearedCount: t.exposeInt("clearedCount", { description: "How many entries were deleted." }),
    namespaces: t.stringList({
      description:
        "The namespaces that held any, sorted. Needs the scope `read`; without it nothing is cleared.",
      resolve: (result) => [...result.namespaces],
    }),
    revision: payloadRevision(t),
  }),
});

builder.mutationFields((t) => ({
  clearNamespace: t.field({
    type: clearNamespacePayload,
    description: "Deletes every entry of a namespace, as one change.",
    args: {
      input: t.arg({ type: clearNamespace.asInput, required: true, description: "The namespace." }),
    },
    resolve: (_mutation, { input }, { writer, viewer }) => writer.clearNamespace(viewer, input),
  }),
  clearNamespaces: t.field({
    type: clearNamespacesPayload,
    description:
      "Deletes every entry of all namespaces that begin with a prefix, all at once; one change a namespace.",
    args: {
      input: t.arg({
        type: clearNamespacesInput,
        required: true,
        description: "Which namespaces.",
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
