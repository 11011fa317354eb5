import type { Subscriber, Subscribers } from "../feed/subscribers.ts";
import type { TextMatch } from "../store/model/text-match.ts";
import { builder } from "./builder.ts";

const nameMatchRef = builder.objectRef<TextMatch>("NameMatch").implement({
  description: "Which names are meant: one, or all that begin with a text.",
  fields: (t) => ({
    text: t.string({
      description: "The name, or what the names begin with; an empty beginning is every name.",
      resolve: (match) => (match.kind === "exact" ? match.text : match.prefix),
    }),
    isPrefix: t.boolean({
      description: "Whether all names are meant that begin with the text. If not, it is the name.",
      resolve: ({ kind }) => kind === "prefix",
    }),
  }),
});

const subscriberKindEnum = builder.enumType("SubscriberKind", {
  description: "How it follows the log.",
  values: {
    SUBSCRIPTION: { value: "subscription", description: "By `entryChanged`." },
    WAIT: { value: "wait", description: "By `awaitEntry`, which waits for one entry." },
  } as const,
});

const subscriberRef = builder.objectRef<Subscriber>("Subscriber").implement({
  description: "A subscription to changes, or a call that waits for an entry.",
  fields: (t) => ({
    kind: t.field({
      type: subscriberKindEnum,
      description: "How it follows the log.",
      resolve: ({ kind }) => kind,
    }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent that follows; null where it said no name.",
    }),
    namespaces: t.field({
      type: [nameMatchRef],
      description: "The namespaces that it follows.",
      resolve: ({ selection }) => [...selection.namespaces],
    }),
    keys: t.field({
      type: nameMatchRef,
      description: "The keys that it follows in these namespaces.",
      resolve: ({ selection }) => selection.keys,
    }),
    lag: t.float({
      description:
        "Revisions of the log that it was not sent yet, whether it selects them or not; 0: it has everything. One that reads slowly, or began a moment ago, is behind.",
      resolve: ({ lag }) => Number(lag),
    }),
  }),
});

/** How many are listed, unless the caller says, and at most. */
const defaultListed = 20;
const maxListed = 100;

export const subscribersRef = builder.objectRef<Subscribers>("Subscribers").implement({
  description:
    "Who follows the store on the instance that answers: others may be connected to other instances of the same database. A token limited to namespaces is shown those who follow nothing but what it may read.",
  fields: (t) => ({
    subscriptionCount: t.exposeInt("subscriptionCount", {
      description: "Open subscriptions to changes.",
    }),
    waitCount: t.exposeInt("waitCount", {
      description: "Calls of `awaitEntry` that wait for an entry.",
    }),
    slowest: t.field({
      type: [subscriberRef],
      complexity: ({ first }) => ({
        field: 1,
        multiplier: Math.max(1, Math.min(maxListed, first ?? defaultListed)),
      }),
      description: "The subscriptions and waits, the one furthest behind the log first.",
      args: {
        first: t.arg.int({
          defaultValue: defaultListed,
          description: `At most how many; ${maxListed} for a larger number.`,
        }),
      },
      resolve: ({ all }, { first }) =>
        all.slice(0, Math.max(0, Math.min(maxListed, first ?? defaultListed))),
    }),
  }),
});
