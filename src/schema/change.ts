import type { FeedEvent } from "../feed/feed-event.ts";
import type { ShownChange } from "../store/model/change.ts";
import type { Entry } from "../store/model/entry.ts";
import { entryId } from "../store/model/entry-id.ts";
import { largestEntries } from "../store/response-budget.ts";
import type { ChangesInput } from "../store/store.ts";
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
  description: "What happened.",
  values: {
    EXISTING: { description: "An entry of the snapshot that a subscription began with." },
    CAUGHT_UP: {
      description:
        "The snapshot is whole: what was delivered so far is the matching state as of this revision. Every later change follows.",
    },
    BOOKMARK: {
      description:
        "Only with `bookmarks: true`: every matching change up to this revision was delivered. Go on `after` it.",
    },
    SET: { description: "An entry was created or replaced." },
    DELETED: { description: "An entry was deleted." },
    EXPIRED: { description: "The time of an entry that had one was over." },
    UNMATCHED: {
      description:
        "Only with `where`: an entry was written that existed before, and its value does not match, though it may have before. Whoever keeps the matching entries removes it.",
    },
    NAMESPACE_CLEARED: {
      description: "Every entry of a namespace was deleted, in one change for all of them.",
    },
  } as const,
});

const changeRef = builder.objectRef<FeedEvent>("EntryChange").implement({
  description: "One step of the log, or of a subscription.",
  fields: (t) => ({
    kind: t.field({
      type: changeKind,
      description: "What happened.",
      resolve: (event) => event.kind,
    }),
    revision: t.field({
      type: "Revision",
      description:
        "Position of the change in the log. Subscribe `after` the last one seen to go on without a gap; after a snapshot only from CAUGHT_UP on. Keep the `epoch` with it. For EXISTING: of the change that wrote the entry.",
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
        "`Entry.id` of the key's entry, also when it is gone: a client's cache finds by it what to remove. Null where the key is null.",
      resolve: (event) => entryIdOf(event),
    }),
    entry: t.field({
      type: entryRef,
      nullable: true,
      description:
        "The entry right after the change; null when it is gone, and on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => ("entry" in event ? event.entry : null),
    }),
    agent: t.string({
      nullable: true,
      description:
        "The agent that made the change; null where it said no name, and on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).agent,
    }),
    at: t.field({
      type: "DateTime",
      nullable: true,
      description: "When, by the database's clock; null on CAUGHT_UP and BOOKMARK.",
      resolve: (event) => place(event).at,
    }),
    epoch: t.string({
      nullable: true,
      description:
        "The history that the revision is of, `Viewer.epoch`; only on CAUGHT_UP and BOOKMARK. Send it with `after`.",
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
  description: "In which order changes are listed. `after` goes on in the same order.",
  values: {
    REVISION_ASC: { description: "The oldest first." },
    REVISION_DESC: { description: "The newest first." },
  } as const,
});

/** The argument of lists of changes. */
export const changeOrderBy = {
  type: changeOrder,
  defaultValue: "REVISION_ASC",
  description:
    "The oldest first (default), or the newest first. Pages of one list are asked for in one order.",
} as const;

/** The argument that stands beside each `after` of a log. */
export const epochDescription =
  '`Viewer.epoch` when the revision `after` was seen. If the store was restored from a backup since, the answer is REVISION_COMPACTED with `reason: "EPOCH"` and the current `epoch`. Left out: not checked.';

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
  const page = await store.changes(
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

/** A change that leaves no entry still shows where it was. */
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

const namespaceDescription =
  "Only this namespace. A token that does not cover it is answered FORBIDDEN.";
const namespacePrefixDescription =
  "Only namespaces that begin with this. A token limited to namespaces is shown its part.";
const keyDescription = "Only this key. A cleared namespace is shown all the same.";
const keyPrefixDescription =
  "Only keys that begin with this. A cleared namespace is shown all the same.";
const changesWhereDescription =
  "Shown are each SET whose value matches, each UNMATCHED, and every DELETED, EXPIRED and NAMESPACE_CLEARED: applied in order, they leave the entries that match.";

builder.queryFields((t) => ({
  changes: t.field({
    type: changeConnection,
    complexity: pageComplexity,
    description:
      "The log: every change, as far back as it is kept. What `entryChanged` delivers live, as a paged query. A page ends before `first` changes only where the log does, or at a size in bytes.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      key: t.arg.string({ description: keyDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      where: t.arg({
        type: [valueCondition],
        description: `${whereDescription} ${changesWhereDescription}`,
      }),
      after: t.arg({
        type: "Revision",
        description:
          "Only changes behind this revision, such as a `pageInfo.endCursor`: later ones, and earlier ones with the newest first. Left out: from the first of the order. REVISION_COMPACTED when later ones are asked for and the log does not reach back to it.",
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
      "Every matching change in the order of the log, each once. Without `after` and `snapshot`: those after now. A subscriber that is slow, or comes back with `after`, is given what it missed.",
    args: {
      namespace: t.arg.string({ description: namespaceDescription }),
      namespacePrefix: t.arg.string({ description: namespacePrefixDescription }),
      key: t.arg.string({ description: keyDescription }),
      keyPrefix: t.arg.string({ description: keyPrefixDescription }),
      where: t.arg({
        type: [valueCondition],
        description: `${whereDescription} ${changesWhereDescription}`,
      }),
      after: t.arg({
        type: "Revision",
        description:
          'Begin with the changes later than this revision; `"0"`: with the first. REVISION_COMPACTED when the log does not reach back to it. Excludes `snapshot`.',
      }),
      epoch: t.arg.string({ description: epochDescription }),
      snapshot: t.arg.boolean({
        defaultValue: false,
        description:
          "Begin with the matching entries (EXISTING), then changes made meanwhile, then CAUGHT_UP. Excludes `after`.",
      }),
      bookmarks: t.arg.boolean({
        defaultValue: false,
        description:
          "Say with a BOOKMARK how far the log has been followed: when every earlier change is delivered, and from then on at most every `--bookmark-seconds`. Whoever comes back `after` the latest one is not overtaken by retention, however rarely a change matches.",
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
