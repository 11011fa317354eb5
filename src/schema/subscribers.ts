import type { Subscriber, Subscribers } from "../feed/subscribers.ts";
import { firstText, type TextMatch } from "../store/model/text-match.ts";
import { maxGrants } from "../store/model/grant.ts";
import { builder } from "./builder.ts";
import { fieldsOfItem } from "./selected-fields.ts";
import { shortList } from "./short-list.ts";

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}

const nameMatchRef = builder.objectRef<TextMatch>("NameMatch").implement({
  description: "Matches one name, or all names that begin with a prefix.",
  fields: (t) => ({
    text: t.string({
      description: "The name or the prefix. An empty prefix matches every name.",
      resolve: firstText,
    }),
    isPrefix: t.boolean({
      description: "Whether `text` is a prefix. If `false`, it is the name.",
      resolve: ({ kind }) => kind === "prefix",
    }),
  }),
});

const subscriberKindEnum = builder.enumType("SubscriberKind", {
  description: "How a subscriber follows the log.",
  values: {
    SUBSCRIPTION: { value: "subscription", description: "A subscription to `entryChanged`." },
    WAIT: { value: "wait", description: "A call of `awaitEntry`, which waits for one entry." },
  } as const,
});

const subscriberRef = builder.objectRef<Subscriber>("Subscriber").implement({
  description: "A subscription to changes, or a call that waits for an entry.",
  fields: (t) => ({
    kind: t.field({
      type: subscriberKindEnum,
      description: "How a subscriber follows the log.",
      resolve: ({ kind }) => kind,
    }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent that follows the log; null if it gave no agent name.",
    }),
    namespaces: t.field({
      type: [nameMatchRef],
      // A subscription without a namespace follows those of its token's grants.
      complexity: { field: 1, multiplier: maxGrants },
      description: "The namespaces that it follows.",
      resolve: ({ selection: { namespaces } }, _args, context, info) =>
        shortList(namespaces, bytesOf(namespaces.map(firstText)), context, info),
    }),
    keys: t.field({
      type: nameMatchRef,
      description: "The keys that it follows in these namespaces.",
      resolve: ({ selection: { keys } }, _args, { budget }, info) => {
        budget.spendTexts(fieldsOfItem(info) * bytesOf([firstText(keys)]));
        return keys;
      },
    }),
    lag: t.float({
      description:
        "The number of revisions of the log that were not delivered to it yet, including those that it does not select; 0 if it is up to date. A subscriber that reads slowly, or has just started, is behind.",
      resolve: ({ lag }) => Number(lag),
    }),
  }),
});

/** The default and the largest number of listed subscribers. */
const defaultListed = 20;
const maxListed = 100;

export const subscribersRef = builder.objectRef<Subscribers>("Subscribers").implement({
  description:
    "The subscribers of the store on the instance that responds; others can be connected to other instances of the same database. A token limited to namespaces sees only subscribers whose selection it can read.",
  fields: (t) => ({
    subscriptionCount: t.exposeInt("subscriptionCount", {
      description: "The number of open subscriptions to changes.",
    }),
    waitCount: t.exposeInt("waitCount", {
      description: "The number of waiting calls of `awaitEntry`.",
    }),
    slowest: t.field({
      type: [subscriberRef],
      complexity: ({ first }) => ({
        field: 1,
        multiplier: Math.max(1, Math.min(maxListed, first ?? defaultListed)),
      }),
      description: "The subscriptions and waits; those furthest behind the log come first.",
      args: {
        first: t.arg.int({
          defaultValue: defaultListed,
          description: `The maximum number of items. Values above ${maxListed} count as ${maxListed}.`,
        }),
      },
      resolve: ({ all }, { first }, context, info) => {
        const listed = all.slice(0, Math.max(0, Math.min(maxListed, first ?? defaultListed)));
        return shortList(listed, bytesOf(listed.map(({ agent }) => agent ?? "")), context, info);
      },
    }),
  }),
});
