import { BatonError, limitExceeded } from "../errors.ts";
import type { Change } from "./change.ts";
import type {
  ClearCommand,
  Command,
  DeleteCommand,
  ResultOf,
  SetCommand,
  SetItem,
} from "./command.ts";
import type { Entry } from "./entry.ts";
import { serialiseMetadata, type Limits, type Metadata } from "./limits.ts";
import { compareText, matches } from "./text-match.ts";

/** What a decision may look at: one user's store as it is within the transaction. */
export interface StoreView {
  /** Revision of the latest change. */
  readonly head: bigint;
  /** The database's clock. */
  readonly now: Date;
  entry(namespace: string, key: string): Entry | null;
  /** How many entries each namespace holds; only those a clear command may touch are known. */
  readonly entryCounts: ReadonlyMap<string, number>;
}

/** What a command comes to: the changes it makes, numbered on from the head, and its answer. */
export interface Decision<C extends Command = Command> {
  readonly changes: readonly Change[];
  readonly result: ResultOf<C>;
}

/**
 * Decides one command. Reads nothing but its arguments and changes nothing.
 * @throws BatonError when the command is refused; then it has no effect at all
 */
export function decide(limits: Limits, view: StoreView, command: Command): Decision {
  switch (command.kind) {
    case "set":
      return decideSet(limits, view, command);
    case "delete":
      return decideDelete(view, command);
    case "clear":
      return decideClear(limits, view, command);
  }
}

function decideSet(limits: Limits, view: StoreView, command: SetCommand): Decision<SetCommand> {
  const changes = command.items.map((item, index): Change & { kind: "SET" } => {
    const current = view.entry(command.namespace, item.key);
    requireRevision(command, command.namespace, item, current, item.argument);
    const revision = view.head + BigInt(index) + 1n;
    const entry = writtenEntry(limits, command, item, current, revision, view.now);
    return {
      kind: "SET",
      revision,
      namespace: command.namespace,
      key: item.key,
      agent: command.agent,
      at: view.now,
      entry,
    };
  });
  return {
    changes,
    result: {
      entries: changes.map((change) => change.entry),
      revision: view.head + BigInt(changes.length),
    },
  };
}

function writtenEntry(
  limits: Limits,
  command: SetCommand,
  item: SetItem,
  current: Entry | null,
  revision: bigint,
  now: Date,
): Entry {
  const metadata = mergedMetadata(limits, item, current);
  return {
    namespace: command.namespace,
    key: item.key,
    value: item.value,
    metadata,
    revision,
    createdRevision: current?.createdRevision ?? revision,
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
    createdBy: current ? current.createdBy : command.agent,
    updatedBy: command.agent,
    sizeBytes:
      Buffer.byteLength(item.key) + Buffer.byteLength(item.value) + Buffer.byteLength(metadata),
  };
}

function mergedMetadata(limits: Limits, item: SetItem, current: Entry | null): string {
  if (item.metadata === null) return current?.metadata ?? "{}";
  const merged = { ...(JSON.parse(current?.metadata ?? "{}") as Metadata), ...item.metadata };
  return serialiseMetadata(limits, `${item.argument}.metadata`, merged);
}

function decideDelete(view: StoreView, command: DeleteCommand): Decision<DeleteCommand> {
  const { namespace, key } = command;
  const current = view.entry(namespace, key);
  requireRevision(command, namespace, command, current, "input");
  if (!current) return { changes: [], result: { deleted: false, revision: view.head } };
  const revision = view.head + 1n;
  return {
    changes: [
      {
        kind: "DELETED",
        revision,
        namespace,
        key,
        agent: command.agent,
        at: view.now,
        entry: null,
      },
    ],
    result: { deleted: true, revision },
  };
}

function decideClear(
  limits: Limits,
  view: StoreView,
  command: ClearCommand,
): Decision<ClearCommand> {
  const namespaces = [...view.entryCounts]
    .filter(
      ([name, count]) => count > 0 && command.namespaces.some((match) => matches(match, name)),
    )
    .map(([name]) => name)
    .sort(compareText);
  if (namespaces.length > limits.maxClearedNamespaces) {
    throw limitExceeded(
      "maxClearedNamespaces",
      limits.maxClearedNamespaces,
      `One call may clear ${limits.maxClearedNamespaces} namespaces; this prefix has ${namespaces.length}. Clear longer prefixes one after the other.`,
      "input.namespacePrefix",
    );
  }
  return {
    changes: namespaces.map((namespace, index) => ({
      kind: "NAMESPACE_CLEARED",
      revision: view.head + BigInt(index) + 1n,
      namespace,
      key: null,
      agent: command.agent,
      at: view.now,
      entry: null,
    })),
    result: {
      clearedCount: namespaces.reduce((sum, name) => sum + (view.entryCounts.get(name) ?? 0), 0),
      namespaces,
      revision: view.head + BigInt(namespaces.length),
    },
  };
}

function requireRevision(
  { mayRead }: Command,
  namespace: string,
  { key, ifRevision: expected }: { readonly key: string; readonly ifRevision: bigint | null },
  current: Entry | null,
  argument: string,
): void {
  const found = current?.revision ?? 0n;
  if (expected === null || expected === found) return;
  const says = (revision: bigint) => (revision === 0n ? "absent" : `at revision ${revision}`);
  throw new BatonError(
    "CONFLICT",
    `Entry ${JSON.stringify(key)} of namespace ${JSON.stringify(namespace)} is ${says(found)}, not ${says(expected)}. ` +
      `Nothing was changed. Decide anew from what there is, then call again with ifRevision: "${found}".`,
    {
      argument: `${argument}.ifRevision`,
      namespace,
      key,
      currentRevision: String(found),
      ...(mayRead && {
        currentValue: current ? (JSON.parse(current.value) as unknown) : null,
      }),
    },
  );
}
