import type { ArgBuilder } from "@pothos/core";
import type { FeedEvent } from "../feed/feed-event.ts";
import type { ShownChange } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";
import { entryId } from "../store/model/entry-id.ts";
import { largestEntries } from "../store/response-budget.ts";
import type { ChangesInput } from "../store/readable-log.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  defaultPageSize,
  firstDescription,
  pageComplexity,
  type Connection,
} from "./connection.ts";
import type { Context } from "./context.ts";
import { entryRef } from "./entry-ref.ts";
import { valueCondition, whereDescription } from "./value-condition.ts";

const changeKind = builder.enumType("EntryChangeKind", {
  description: "The kind of a change, or of a subscription's event.",
  values: {
    EXISTING: { description: "An entry of the snapshot at the start of a subscription." },
    CAUGHT_UP: {
      description:
        "The snapshot is complete: the events so far, applied in order, give the matching state as of this revision. Every later change follows.",
    },
    BOOKMARK: {
      description:
        "Only with `bookmarks: true`: every matching change up to this revision was delivered. Resume with `after` and this revision.",
    },
    SET: { description: "An entry was created or replaced." },
    DELETED: { description: "An entry was deleted." },
    EXPIRED: { description: "An entry expired and was removed." },
    UNMATCHED: {
      description:
        "Only with `where`: an existing entry was written, and its new value does not match. Its earlier value can have matched: a client that keeps the matching entries removes the key.",
    },
    NAMESPACE_CLEARED: {
      description: "All entries of a namespace were deleted, in one change.",
    },
  } as const,
});

const changeRef = builder.objectRef<FeedEvent>("EntryChange").implement({
  description: "A change of the log, or an event of a subscription.",
  fields: (t) => ({
    kind: t.field({
      type: changeKind,
      description: "The kind of the change or event.",
      resolve: (event) => event.kind,
    }),
    revision: t.field({
      type: "Revision",
      description:
        "Position of the change in the log. To resume without a gap, subscribe with `after` and the last revision received; after a snapshot, use CAUGHT_UP or a later event. Store the `epoch` with it. For EXISTING: the revision of the change that wrote the entry.",
      resolve: (event) => (event.kind === "EXISTING" ? event.entry.revision : event.revision),
    }),
    namespace: t.string({
      nullable: true,
      description: "The namespace; null on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).namespace,
    }),
    key: t.string({
      nullable: true,
      description: "The key; null on NAMESPACE_CLEARED, CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).key,
    }),
    entryId: t.id({
      nullable: true,
      description:
        "The `Entry.id` of the key's entry, even if the entry was removed: a client's cache uses it to find what to remove. Null if `key` is null.",
      resolve: (event) => entryIdOf(event),
    }),
    entry: t.field({
      type: entryRef,
      nullable: true,
      description:
        "The entry right after the change. Null if the change removed it, and on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => ("entry" in event ? event.entry : null),
    }),
    agent: t.string({
      nullable: true,
      description:
        "The agent that made the change. Null if the writer gave no agent name, and on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).agent,
    }),
    at: t.field({
      type: "DateTime",
      nullable: true,
      description: "Time of the change by the database's clock; null on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).at,
    }),
    epoch: t.string({
      nullable: true,
      description:
        "The `Viewer.epoch` that the revision belongs to; only on CAUGHT_UP and BOOKMARK. Send it with `after`.",
      resolve: (event) => ("epoch" in event ? event.epoch : null),
    }),
  }),
});

function entryIdOf(event: FeedEvent): string | null {
  const { namespace, key } = place(event);
  return namespace === null || key === null ? null : entryId({ namespace, key });
}

interface ChangePlace {
  readonly namespace: string | null;
  readonly key: string | null;
  readonly agent: string | null;
  readonly at: Date | null;
}

function place(event: FeedEvent): ChangePlace {
  switch (event.kind) {
    case "CAUGHT_UP":
    case "BOOKMARK":
      return { namespace: null, key: null, agent: null, at: null };
    case "EXISTING": {
      const { namespace, key, updatedBy, updatedAt } = event.entry;
      return { namespace, key, agent: updatedBy, at: updatedAt };
    }
    default:
      return event;
  }
}

const changeOrder = builder.enumType("ChangeOrder", {
  description: "The order of a list of changes. `after` continues in the same order.",
  values: {
    REVISION_ASC: { description: "Oldest first." },
    REVISION_DESC: { description: "Newest first." },
  } as const,
});

/** The `orderBy` argument of lists of changes. */
export const changeOrderBy = {
  type: changeOrder,
  defaultValue: "REVISION_ASC",
  description:
    "Order of the changes: the oldest or the newest first. Use the same order for all pages of a list. Default: the oldest first.",
} as const;

/** The description of the `epoch` argument next to each `after` of a log. */
export const epochDescription =
  'The `Viewer.epoch` that the revision in `after` belongs to. If the store was restored from a backup since then, the error is REVISION_COMPACTED with `reason: "EPOCH"` and the current `epoch`. Default: not checked.';

export const changeConnection = connectionOf<FeedEvent>("Change", "changes", changeRef);

interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: bigint | null | undefined;
  readonly epoch?: string | null | undefined;
  readonly orderBy?: "REVISION_ASC" | "REVISION_DESC" | null | undefined;
}

async function changesPage(
  { store, viewer, budget, closed }: Context,
  { orderBy, ...input }: Omit<ChangesInput, "isNewestFirst"> & Pick<PageArgs, "orderBy">,
): Promise<Connection<FeedEvent>> {
  const page = await store.log.list(
    viewer,
    { ...input, isNewestFirst: orderBy === "REVISION_DESC" },
    closed,
  );
  budget.spend(page.items.map(({ entry, namespace, key }) => entry ?? sizeOfNames(namespace, key)));
  const { end } = page;
  return {
    ...page,
    cursorOf: (event) => String((event as ShownChange).revision),
    end: end == null ? end : String(end),
  };
}

/** The size of a change without an entry: it still shows its namespace and key. */
function sizeOfNames(namespace: string, key: string | null) {
  return { sizeBytes: Buffer.byteLength(key ?? ""), namespace, key };
}

export function historyOf(
  context: Context,
  { namespace, key }: Entry,
  { first, after, epoch, orderBy }: PageArgs,
): Promise<Connection<FeedEvent>> {
  return changesPage(context, {
    namespace,
    key,
    first: first ?? defaultPageSize,
    after: after ?? null,
    epoch,
    orderBy,
  });
}

/** The arguments that select changes. */
function selectionArgs(arg: ArgBuilder<typeof builder.$inferSchemaTypes>) {
  return {
    namespace: arg.string({
      description: "Only this namespace. FORBIDDEN if the token does not cover it.",
    }),
    namespacePrefix: arg.string({
      description:
        "Only namespaces that begin with this prefix. A token limited to namespaces sees the permitted ones.",
    }),
    key: arg.string({
      description: "Only this key. NAMESPACE_CLEARED of its namespace is included.",
    }),
    keyPrefix: arg.string({
      description: "Only keys that begin with this prefix. NAMESPACE_CLEARED is included.",
    }),
    where: arg({
      type: [valueCondition],
      description: `${whereDescription} The result has each SET whose value matches, each UNMATCHED, and every DELETED, EXPIRED and NAMESPACE_CLEARED. Applied in order, they leave the entries that match.`,
    }),
  };
}

builder.queryFields((t) => ({
  changes: t.field({
    type: changeConnection,
    complexity: pageComplexity,
    description:
      "The log: every change, as far back as the log is kept. It lists what `entryChanged` delivers live. A page has fewer than `first` changes only at the end of the log or at the limit `maxPageBytes`.",
    args: {
      ...selectionArgs(t.arg),
      after: t.arg({
        type: "Revision",
        description:
          "Only changes after this revision in the requested order, for example a `pageInfo.endCursor`: later changes with REVISION_ASC, earlier ones with REVISION_DESC. Default: from the start of the order. With REVISION_ASC, REVISION_COMPACTED if the log no longer reaches back to this revision.",
      }),
      epoch: t.arg.string({ description: epochDescription }),
      orderBy: t.arg(changeOrderBy),
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
    },
    resolve: (_query, args, context) =>
      changesPage(context, {
        ...args,
        first: args.first ?? defaultPageSize,
        after: args.after ?? null,
      }),
  }),
}));

builder.subscriptionFields((t) => ({
  entryChanged: t.field({
    type: changeRef,
    description:
      "Delivers every matching change once, in the order of the log. Without `after` and `snapshot`, it starts with the next change. A slow subscriber, and one that reconnects with `after`, receives the changes that it missed.",
    args: {
      ...selectionArgs(t.arg),
      after: t.arg({
        type: "Revision",
        description:
          'Start with the changes later than this revision; `"0"` starts with the first change. REVISION_COMPACTED if the log no longer reaches back to it. Cannot be combined with `snapshot`.',
      }),
      epoch: t.arg.string({ description: epochDescription }),
      snapshot: t.arg.boolean({
        defaultValue: false,
        description:
          "Start with the matching entries (EXISTING), then the changes made while they were read, then CAUGHT_UP. Cannot be combined with `after`.",
      }),
      bookmarks: t.arg.boolean({
        defaultValue: false,
        description:
          "Deliver a BOOKMARK when every earlier change is delivered, and from then on at most one every `--bookmark-seconds`. A client that resumes after its latest BOOKMARK stays within the log's retention, even if changes rarely match.",
      }),
    },
    subscribe: (_root, input, context) => {
      context.budget.requireRoomFor(largestEntries(context.store.limits, 1));
      return context.feed.subscribe(context, input);
    },
    resolve: (event, _args, { budget }) => {
      budget.reset();
      return event;
    },
  }),
}));
