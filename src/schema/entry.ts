import type { ArgBuilder } from "@pothos/core";
import type { GraphQLResolveInfo } from "graphql";
import { JsonText } from "../json/json-text.ts";
import type { Page } from "../store/contract.ts";
import type { Entry } from "../store/model/entry.ts";
import { entryId } from "../store/model/entry-id.ts";
import { sizeWithoutValue } from "../store/response-budget.ts";
import type { Place } from "../store/model/place.ts";
import type { ListPage } from "../store/filter-page.ts";
import type { SelectionInput } from "../store/read-checks.ts";
import type { AsOf } from "../store/readable-entries.ts";
import { builder } from "./builder.ts";
import { changeConnection, changeOrderBy, epochDescription, historyOf } from "./change.ts";
import {
  connectionOf,
  decodeCursor,
  decodeRevisionCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  pageComplexity,
  statementComplexity,
  type Connection,
} from "./connection.ts";
import type { Context } from "./context.ts";
import { entryRef } from "./entry-ref.ts";
import { selectsWithin } from "./selected-fields.ts";
import { valueCondition, whereDescription } from "./value-condition.ts";
import { namespaceDescription } from "./mutation-fields.ts";

entryRef.implement({
  description: "A key, its JSON value and its metadata.",
  fields: (t) => ({
    id: t.id({
      description:
        "Identifies the entry for a client's cache, such as Apollo's or urql's. Opaque. It depends only on namespace and key, so it is the same after a delete and another set.",
      resolve: (entry) => entryId(entry),
    }),
    namespace: t.exposeString("namespace", { description: "The namespace of the entry." }),
    key: t.exposeString("key", { description: "The key, unique within the namespace." }),
    value: t.field({
      type: "JSON",
      nullable: true,
      description: "The JSON value. Null if the value is JSON `null`.",
      resolve: (entry) => new JsonText(entry.value),
    }),
    metadata: t.field({
      type: "JSON",
      description: "A JSON object about the value. Each write that gives `metadata` merges it.",
      resolve: (entry) => new JsonText(entry.metadata),
    }),
    revision: t.field({
      type: "Revision",
      description: "Revision of the change that last wrote the entry.",
      resolve: (entry) => entry.revision,
    }),
    createdRevision: t.field({
      type: "Revision",
      description:
        "Revision of the change that created the entry. A set after a delete creates it again.",
      resolve: (entry) => entry.createdRevision,
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When the entry was created, by the database's clock.",
      resolve: (entry) => entry.createdAt,
    }),
    updatedAt: t.field({
      type: "DateTime",
      description: "When the entry was last written, by the database's clock.",
      resolve: (entry) => entry.updatedAt,
    }),
    createdBy: t.exposeString("createdBy", {
      nullable: true,
      description: "The agent that created the entry; null if it gave no agent name.",
    }),
    updatedBy: t.exposeString("updatedBy", {
      nullable: true,
      description: "The agent that last wrote the entry; null if it gave no agent name.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When the entry expires, by the database's clock. From then on it no longer exists. Null if it does not expire.",
      resolve: (entry) => entry.expiresAt,
    }),
    sizeBytes: t.exposeInt("sizeBytes", {
      description: "Bytes of the key, value and metadata as stored.",
    }),
    history: t.field({
      type: changeConnection,
      // Nullable, so that an error in here keeps the entry: without it, a mutation would seem not to have written.
      nullable: true,
      complexity: pageComplexity,
      description:
        "The changes of this key that the log still keeps, each with the entry as it was right after it. NAMESPACE_CLEARED is included.",
      args: {
        first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
        after: t.arg({
          type: "Revision",
          description:
            "Only changes after this revision in the requested order, for example a `pageInfo.endCursor`.",
        }),
        epoch: t.arg.string({ description: epochDescription }),
        orderBy: t.arg(changeOrderBy),
      },
      resolve: (entry, args, context) => historyOf(context, entry, args),
    }),
  }),
});

export const entryConnection = connectionOf("Entry", "entries", entryRef);

const entryOrder = builder.enumType("EntryOrder", {
  description:
    "The order of a list of entries. A cursor is valid only for the order it was created with.",
  values: {
    KEY_ASC: {
      description: "By namespace and then key, in the byte order of their UTF-8.",
    },
    CREATED_AT_ASC: { description: "By creation, oldest first." },
    CREATED_AT_DESC: {
      description:
        "By creation, newest first. An entry that is written again keeps its position; `changes` lists the latest writes.",
    },
  } as const,
});

/** The `orderBy` argument of lists of entries. */
const entryOrderBy = {
  type: entryOrder,
  defaultValue: "KEY_ASC",
  description: "Order of the entries. Use the same order for all pages of a list. Default: by key.",
} as const;

/** The description of the `where` argument of lists of entries. */
const entriesWhereDescription = `${whereDescription} A page examines at most \`maxExaminedItems\` entries and four times \`maxPageBytes\` bytes, so it can have fewer than \`first\` entries: continue while \`pageInfo.hasNextPage\` is true.`;

interface EntriesArgs extends SelectionInput, AsOf {
  readonly orderBy?: "KEY_ASC" | "CREATED_AT_ASC" | "CREATED_AT_DESC" | null | undefined;
  readonly keys?: readonly string[] | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** Resolves the `entries` field, of the store or of one namespace. */
export async function entriesPage(
  context: Context,
  info: GraphQLResolveInfo,
  { orderBy, ...args }: EntriesArgs,
): Promise<Connection<Entry>> {
  const withoutValues = !selectsWithin(info, "value");
  const input = { ...args, first: args.first ?? defaultPageSize };
  return (orderBy ?? "KEY_ASC") === "KEY_ASC"
    ? entriesByKey(context, input, withoutValues)
    : entriesByCreation(context, input, withoutValues, orderBy === "CREATED_AT_DESC");
}

type PageInput = Omit<EntriesArgs, "orderBy" | "first"> & { readonly first: number };

/** Reads by key. `withoutValues` reads entries without their values, which the operation does not select. */
async function entriesByKey(
  context: Context,
  input: PageInput,
  withoutValues: boolean,
): Promise<Connection<Entry>> {
  const { store, viewer, budget } = context;
  const closed = mayLast(input) ? context.closed : null;
  const [namespace, key] = input.after == null ? [] : decodeCursor(input.after, 2);
  const after = namespace === undefined || key === undefined ? null : { namespace, key };
  const read = withoutValues
    ? (store.entries.listHeads(viewer, { ...input, after }, closed) as Promise<
        ListPage<Entry, Place>
      >)
    : store.entries.list(viewer, { ...input, after }, closed);
  return connection(
    await budget.showRead(read, shownOf(withoutValues)),
    (place: Place) => encodeCursor([place.namespace, place.key]),
    (entry) => entry,
  );
}

async function entriesByCreation(
  context: Context,
  input: PageInput,
  withoutValues: boolean,
  isNewestFirst: boolean,
): Promise<Connection<Entry>> {
  const { store, viewer, budget } = context;
  const after = input.after == null ? null : decodeRevisionCursor(input.after);
  const query = { ...input, after, isNewestFirst, withoutValues };
  const closed = mayLast(input) ? context.closed : null;
  const read = store.entries.listByCreation(viewer, query, closed);
  return connection(
    await budget.showRead(read, shownOf(withoutValues)),
    (revision: bigint) => encodeCursor([String(revision)]),
    ({ createdRevision }) => createdRevision,
  );
}

/** Whether a page can take more than one statement: then it stops when the caller disconnects. */
function mayLast({ where, at, atLeast }: PageInput): boolean {
  return where != null || at != null || atLeast != null;
}

function shownOf(withoutValues: boolean) {
  return ({ items }: Page<Entry>) => (withoutValues ? items.map(sizeWithoutValue) : items);
}

function connection<P>(
  { items, hasMore, end }: ListPage<Entry, P>,
  cursorAt: (position: P) => string,
  positionOf: (entry: Entry) => P,
): Connection<Entry> {
  const cursorOf = (entry: Entry) => cursorAt(positionOf(entry));
  if (end === undefined) return { items, hasMore, cursorOf };
  return { items, hasMore, cursorOf, end: end === null ? null : cursorAt(end) };
}

/** Reads one entry, and counts it in the operation's budget. */
export function oneEntry(
  context: Context,
  namespace: string,
  key: string,
  asOf?: AsOf,
): Promise<Entry | null> {
  const { store, viewer, budget } = context;
  const isAsOf = asOf !== undefined && (asOf.at != null || asOf.atLeast != null);
  const read = isAsOf
    ? store.entries.readAsOf(viewer, { namespace, key }, asOf, context.closed)
    : store.entries.read(viewer, namespace, key);
  return budget.showRead(read, (entry) => [entry]);
}

const atLeastDescription =
  "Waits until this server has read this revision, for example a revision that another server returned to a writer. UNAVAILABLE if it has not after 2 seconds.";
const atDescription =
  "Reads the state right after this revision instead of the current one. BAD_USER_INPUT for a revision in the future. REVISION_COMPACTED, with the `oldestRevision` that can be read, if the log no longer holds the changes that are needed.";

export const keyPrefixDescription =
  "Only keys that begin with this prefix. The comparison is exact, and no character is a wildcard.";

const defaultAwaitSeconds = 30;

/** The arguments of a list of entries, of any or of one namespace. */
export function entriesArgs(arg: ArgBuilder<typeof builder.$inferSchemaTypes>) {
  return {
    keyPrefix: arg.string({ description: keyPrefixDescription }),
    keys: arg.stringList({
      description:
        "Only these keys, at most `maxPageSize`. Set `first` to the number of keys to get all of them in one page.",
    }),
    first: arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
    after: arg.string({
      description: "Only entries after this cursor, a `pageInfo.endCursor`.",
    }),
    orderBy: arg(entryOrderBy),
    where: arg({ type: [valueCondition], description: entriesWhereDescription }),
  };
}

builder.queryFields((t) => ({
  entry: t.field({
    type: entryRef,
    nullable: true,
    complexity: statementComplexity,
    description: "The entry of a key; null if it does not exist.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      key: t.arg.string({ required: true, description: "The key." }),
      atLeast: t.arg({ type: "Revision", description: atLeastDescription }),
      at: t.arg({ type: "Revision", description: atDescription }),
    },
    resolve: (_query, args, context) => oneEntry(context, args.namespace, args.key, args),
  }),
  awaitEntry: t.field({
    type: entryRef,
    nullable: true,
    complexity: statementComplexity,
    description:
      "Waits for an entry (long polling). Returns it immediately if it exists, otherwise as soon as it is written, and null after the timeout. It is one HTTP request, which stays open while it waits.",
    args: {
      namespace: t.arg.string({
        required: true,
        defaultValue: "default",
        description: namespaceDescription,
      }),
      key: t.arg.string({ required: true, description: "The key." }),
      after: t.arg({
        type: "Revision",
        description:
          "Only a later revision of the entry counts. A client that has read the entry at this revision waits for the next write.",
      }),
      epoch: t.arg.string({ description: epochDescription }),
      timeoutSeconds: t.arg.int({
        defaultValue: defaultAwaitSeconds,
        description: "Seconds to wait, up to the limit `maxAwaitSeconds`.",
      }),
    },
    resolve: (_query, input, context) => {
      const wait = context.feed.awaitEntry(context, input, context.closed);
      return context.budget.showRead(wait, (entry) => [entry]);
    },
  }),
  entries: t.field({
    type: entryConnection,
    complexity: pageComplexity,
    description:
      "Entries, sorted by namespace and then key in the byte order of their UTF-8, unless `orderBy` gives another order. Without arguments: all entries that the token covers.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({
        description:
          "Only namespaces that begin with this prefix. A token limited to namespaces sees the permitted ones.",
      }),
      ...entriesArgs(t.arg),
      atLeast: t.arg({ type: "Revision", description: atLeastDescription }),
      at: t.arg({
        type: "Revision",
        description: `${atDescription} Requires the order by key. As with \`where\`, a page examines a limited number of keys and can have fewer than \`first\` entries. Use the same revision for all pages of a list.`,
      }),
    },
    resolve: (_query, args, context, info) => entriesPage(context, info, args),
  }),
}));
