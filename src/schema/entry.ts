import type { GraphQLResolveInfo } from "graphql";
import { JsonText } from "../json/json-text.ts";
import type { Page } from "../store/contract.ts";
import type { Entry } from "../store/model/entry.ts";
import { entryId } from "../store/model/entry-id.ts";
import { sizeWithoutValue } from "../store/response-budget.ts";
import type { Place } from "../store/model/place.ts";
import type { AsOf, ListPage, SelectionInput } from "../store/store.ts";
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
import { namespaceDescription } from "./write.ts";

entryRef.implement({
  description: "What a key holds.",
  fields: (t) => ({
    id: t.id({
      description:
        "Identifies the entry for a client's cache, such as Apollo's or urql's. Opaque; always the same for a namespace and key, also after a delete and a set.",
      resolve: (entry) => entryId(entry),
    }),
    namespace: t.exposeString("namespace", { description: "The group of keys it belongs to." }),
    key: t.exposeString("key", { description: "Its name, unique within the namespace." }),
    value: t.field({
      type: "JSON",
      nullable: true,
      description: "The JSON value. Null where the value is JSON's null.",
      resolve: (entry) => new JsonText(entry.value),
    }),
    metadata: t.field({
      type: "JSON",
      description: "A JSON object about the value, merged by each set that gives one.",
      resolve: (entry) => new JsonText(entry.metadata),
    }),
    revision: t.field({
      type: "Revision",
      description: "Revision of the change that wrote it last.",
      resolve: (entry) => entry.revision,
    }),
    createdRevision: t.field({
      type: "Revision",
      description: "Revision of the change that created it; a set after a delete creates anew.",
      resolve: (entry) => entry.createdRevision,
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When it was created, by the database's clock.",
      resolve: (entry) => entry.createdAt,
    }),
    updatedAt: t.field({
      type: "DateTime",
      description: "When it was written last, by the database's clock.",
      resolve: (entry) => entry.updatedAt,
    }),
    createdBy: t.exposeString("createdBy", {
      nullable: true,
      description: "The agent that created it; null where it said no name.",
    }),
    updatedBy: t.exposeString("updatedBy", {
      nullable: true,
      description: "The agent that wrote it last; null where it said no name.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "From this instant of the database's clock on there is no such entry; null for one that stays.",
      resolve: (entry) => entry.expiresAt,
    }),
    sizeBytes: t.exposeInt("sizeBytes", {
      description: "Bytes of its key, value and metadata as stored.",
    }),
    history: t.field({
      type: changeConnection,
      // An error in here must not take the entry with it: in a mutation's answer that would look like no write.
      nullable: true,
      complexity: pageComplexity,
      description:
        "The changes of this key that the log keeps, each with the entry as it was then. A cleared namespace is one of them.",
      args: {
        first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
        after: t.arg({
          type: "Revision",
          description:
            "Only changes behind this revision in the order asked for, such as a `pageInfo.endCursor`.",
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
  description: "In which order entries are listed. A cursor is of one order of the list's.",
  values: {
    KEY_ASC: {
      description: "By namespace and then key, in the byte order of their UTF-8.",
    },
    CREATED_AT_ASC: { description: "The oldest first." },
    CREATED_AT_DESC: {
      description:
        "The newest first. An entry that is written again keeps its place: `changes` lists what was written last.",
    },
  } as const,
});

/** The argument of lists of entries. */
export const entryOrderBy = {
  type: entryOrder,
  defaultValue: "KEY_ASC",
  description:
    "By key (default), or by the time of their creation, the oldest or the newest first. Pages of one list are asked for in one order.",
} as const;

/** The filter of lists of entries. */
export const entriesWhereDescription = `${whereDescription} A page looks at no more entries of the range than \`maxExaminedItems\`, nor at more bytes than \`maxPageBytes\`, and may end before \`first\` there: go on while \`pageInfo.hasNextPage\` is true.`;

interface EntriesArgs extends SelectionInput, AsOf {
  readonly orderBy?: "KEY_ASC" | "CREATED_AT_ASC" | "CREATED_AT_DESC" | null | undefined;
  readonly keys?: readonly string[] | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** The `entries` field, of the store or of one namespace. */
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

/** Nothing resolves the value of an entry without one. */
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
    ? (store.entryHeads(viewer, { ...input, after }, closed) as Promise<ListPage<Entry, Place>>)
    : store.entries(viewer, { ...input, after }, closed);
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
  const read = store.createdEntries(viewer, query, closed);
  return connection(
    await budget.showRead(read, shownOf(withoutValues)),
    (revision: bigint) => encodeCursor([String(revision)]),
    ({ createdRevision }) => createdRevision,
  );
}

/** Whether a page may take more than one statement: only then does it matter that the caller has gone. */
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

/** One entry, whatever else the operation asks for. */
export function oneEntry(
  context: Context,
  namespace: string,
  key: string,
  asOf?: AsOf,
): Promise<Entry | null> {
  const { store, viewer, budget } = context;
  const isAsOf = asOf !== undefined && (asOf.at != null || asOf.atLeast != null);
  const read = isAsOf
    ? store.entryAsOf(viewer, { namespace, key }, asOf, context.closed)
    : store.entry(viewer, namespace, key);
  return budget.showRead(read, (entry) => [entry]);
}

const atLeastDescription =
  "Waits until the server has seen this revision, such as one that a writer was told by another server; UNAVAILABLE if it has not within 2 seconds.";
const atDescription =
  "The state right after this revision, in place of the current one. BAD_USER_INPUT for a revision that is yet to come; REVISION_COMPACTED, with the `oldestRevision` to ask for, where the log has lost what was asked for.";

export const keyPrefixDescription =
  "Only keys that begin with this; characters are compared as they are, and no character is a wildcard.";

const defaultAwaitSeconds = 30;

builder.queryFields((t) => ({
  entry: t.field({
    type: entryRef,
    nullable: true,
    complexity: statementComplexity,
    description: "What a key holds; null where it holds nothing.",
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
      "Waits for an entry: returns it at once when it is there, otherwise as soon as it is, or null at the timeout. One request that may take as long as that; nothing is polled.",
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
          "Only a later revision of the entry counts: the next write, for one who has seen this one.",
      }),
      epoch: t.arg.string({ description: epochDescription }),
      timeoutSeconds: t.arg.int({
        defaultValue: defaultAwaitSeconds,
        description: "Seconds to wait at most, up to the limit `maxAwaitSeconds`.",
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
      "Entries, sorted by namespace and then key in the byte order of their UTF-8, unless `orderBy` says otherwise. Without arguments: all that the token covers.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({
        description:
          "Only namespaces that begin with this. A token limited to namespaces is shown its part.",
      }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      keys: t.arg.stringList({
        description: "Only these keys, at most as many as a page may have. Set `first` to as many.",
      }),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only entries behind this cursor, a `pageInfo.endCursor`.",
      }),
      orderBy: t.arg(entryOrderBy),
      where: t.arg({ type: [valueCondition], description: entriesWhereDescription }),
      atLeast: t.arg({ type: "Revision", description: atLeastDescription }),
      at: t.arg({
        type: "Revision",
        description: `${atDescription} Only by key. A page looks at as many keys as with \`where\`, and may end before \`first\` there. Ask for the pages of one list at the same revision.`,
      }),
    },
    resolve: (_query, args, context, info) => entriesPage(context, info, args),
  }),
}));
