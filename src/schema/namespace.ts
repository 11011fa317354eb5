import type { Namespace } from "../store/model/entry.ts";
import type { Revised } from "../store/writer.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  pageComplexity,
  statementComplexity,
} from "./connection.ts";
import {
  entriesPage,
  entryConnection,
  entryOrderBy,
  keyPrefixDescription,
  oneEntry,
} from "./entry.ts";
import { entryRef } from "./entry-ref.ts";
import { clearNamespace } from "./operations.ts";
import { selectsField } from "./selected-fields.ts";
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
    complexity: pageComplexity,
    description:
      "The namespaces that the token covers, sorted by name in the byte order of their UTF-8.",
    args: {
      prefix: t.arg.string({ description: "Only names that begin with this." }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only namespaces behind this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { prefix, first, after }, { store, viewer, budget }) => {
      const [name = null] = after == null ? [] : decodeCursor(after, 1);
      const read = store.namespaces(viewer, prefix ?? "", first ?? defaultPageSize, name);
      const page = await budget.showRead(read, ({ items }) => items.map(sizeOfNames));
      return { ...page, cursorOf: (namespace: Namespace) => encodeCursor([namespace.name]) };
    },
  }),
}));

/** What is shown of a namespace: its name, and those of its agents. */
function sizeOfNames({ name, agents }: Namespace) {
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
      return budget.showWritten(viewer, largest, clear, ({ namespaces }) => [
        { sizeBytes: bytesOf(namespaces) },
      ]);
    },
  }),
}));
