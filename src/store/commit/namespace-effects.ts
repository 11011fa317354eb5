import type { StoredHead } from "../model/claim.ts";
import type { Effects } from "./state.ts";

/** The properties of an entry that its namespace's row sums up. */
type CountedEntry = Pick<
  StoredHead,
  "namespace" | "sizeBytes" | "updatedAt" | "createdBy" | "updatedBy"
>;

/** The difference in the totals of a namespace. */
export interface NamespaceDelta {
  readonly namespace: string;
  readonly entryCount: number;
  readonly sizeBytes: number;
  /** The latest write time of the entries that were written or removed. The namespace's time is at least this. */
  readonly updatedAt: Date;
}

/** The difference in how many times the entries of a namespace name an agent. Never 0. */
export interface AgentDelta {
  readonly namespace: string;
  readonly agent: string;
  readonly referenceCount: number;
}

/** The differences for all namespaces, to apply after the rows of cleared namespaces are removed. */
export interface NamespaceEffects {
  readonly namespaces: readonly NamespaceDelta[];
  readonly agents: readonly AgentDelta[];
}

/** Returns one delta for each namespace, and one for each agent whose count changes. */
export function namespaceEffects({
  deleted,
  written,
}: {
  readonly deleted: readonly CountedEntry[];
  readonly written: Effects["written"];
}): NamespaceEffects {
  const sums = new Map<string, Sum>();
  const count = (entry: CountedEntry, difference: 1 | -1) => {
    const { namespace, createdBy, updatedBy } = entry;
    let sum = sums.get(namespace);
    if (!sum) sums.set(namespace, (sum = new Sum()));
    sum.entryCount += difference;
    sum.sizeBytes += difference * entry.sizeBytes;
    sum.updatedMs = Math.max(sum.updatedMs, entry.updatedAt.getTime());
    if (createdBy !== null) sum.refer(createdBy, difference);
    if (updatedBy !== null) sum.refer(updatedBy, difference);
  };
  for (const entry of deleted) count(entry, -1);
  for (const { entry, before } of written) {
    if (before !== null) count(before, -1);
    count(entry, 1);
  }
  const namespaces: NamespaceDelta[] = [];
  const agents: AgentDelta[] = [];
  for (const [namespace, { entryCount, sizeBytes, updatedMs, references }] of sums) {
    namespaces.push({ namespace, entryCount, sizeBytes, updatedAt: new Date(updatedMs) });
    for (const [agent, referenceCount] of references) {
      if (referenceCount !== 0) agents.push({ namespace, agent, referenceCount });
    }
  }
  return { namespaces, agents };
}

class Sum {
  entryCount = 0;
  sizeBytes = 0;
  updatedMs = 0;
  readonly references = new Map<string, number>();

  refer(agent: string, difference: number): void {
    this.references.set(agent, (this.references.get(agent) ?? 0) + difference);
  }
}
