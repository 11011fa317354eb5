import { request } from "./graphql.ts";

/** The current subscribers of an entry. */
export interface EntryFollower {
  readonly agent: string | null;
  readonly kind: "SUBSCRIPTION" | "WAIT";
  readonly lag: number;
}

interface NameMatch {
  readonly text: string;
  readonly isPrefix: boolean;
}

interface Subscriber extends EntryFollower {
  readonly namespaces: readonly NameMatch[];
  readonly keys: NameMatch;
}

const maxListed = 100;

export interface SubscribersAnswer {
  readonly viewer: {
    readonly subscribers: {
      readonly subscriptionCount: number;
      readonly waitCount: number;
      readonly slowest: readonly Subscriber[];
    };
  };
}

export const subscribersFields = `subscriptionCount waitCount
  slowest(first: ${maxListed}) { kind agent lag namespaces { text isPrefix } keys { text isPrefix } }`;

const matches = ({ text, isPrefix }: NameMatch, name: string) =>
  isPrefix ? name.startsWith(text) : name === text;

/** Reads the subscribers of an entry on the instance that responds: one item for each agent and kind. */
export async function readFollowers(namespace: string, key: string): Promise<EntryFollower[]> {
  const { viewer } = await request<SubscribersAnswer>(
    `query followers { viewer { subscribers { ${subscribersFields} } } }`,
  );
  const found = new Map<string, EntryFollower>();
  for (const { kind, agent, lag, namespaces, keys } of viewer.subscribers.slowest) {
    if (!namespaces.some((match) => matches(match, namespace)) || !matches(keys, key)) continue;
    const id = `${kind}\0${agent}`;
    if (!found.has(id)) found.set(id, { kind, agent, lag });
  }
  return [...found.values()];
}

/** The write that took up an entry. */
export interface TakenUp {
  readonly agent: string | null;
  readonly key: string;
  readonly revision: string;
  readonly at: string;
}

/**
 * Searches the next changes of the namespace for the next write of another agent. Null if no other agent has written
 * yet.
 */
export async function readTakenUp(
  namespace: string,
  { revision, updatedBy }: { readonly revision: string; readonly updatedBy: string | null },
): Promise<TakenUp | null> {
  const { changes } = await request<{
    changes: {
      nodes: readonly (TakenUp & { readonly kind: string; readonly key: string | null })[];
    };
  }>(
    `query takenUp($namespace: String!, $after: Revision) {
      changes(namespace: $namespace, after: $after, first: ${maxListed}) { nodes { kind agent key revision at } }
    }`,
    { namespace, after: revision },
  );
  for (const change of changes.nodes) {
    if (change.kind === "NAMESPACE_CLEARED") return null;
    if (change.kind === "SET" && change.agent !== updatedBy) return change;
  }
  return null;
}
