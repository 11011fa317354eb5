import type { Entry } from "./entry.ts";
import type { Metadata } from "./limits.ts";
import type { TextMatch } from "./text-match.ts";

interface CommandBase {
  readonly userId: string;
  readonly agent: string | null;
  /** Whether a refusal may show the caller what the entry holds. */
  readonly mayRead: boolean;
}

/** One key to set: the value, already serialised, replaces; the metadata is merged. */
export interface SetItem {
  /** Path of the item in the caller's input, for refusals. */
  readonly argument: string;
  readonly key: string;
  readonly value: string;
  readonly metadata: Metadata | null;
  /** Only if the entry is at this revision; 0: only if it is absent; null: whatever it is. */
  readonly ifRevision: bigint | null;
}

export interface SetCommand extends CommandBase {
  readonly kind: "set";
  readonly namespace: string;
  readonly items: readonly SetItem[];
}

export interface DeleteCommand extends CommandBase {
  readonly kind: "delete";
  readonly namespace: string;
  readonly key: string;
  readonly ifRevision: bigint | null;
}

export interface ClearCommand extends CommandBase {
  readonly kind: "clear";
  readonly namespaces: readonly TextMatch[];
}

/** What one mutation asks of one user's store. */
export type Command = SetCommand | DeleteCommand | ClearCommand;

interface ResultBase {
  /** The user's head after the command. */
  readonly revision: bigint;
}

export interface SetResult extends ResultBase {
  /** In the order of the items. */
  readonly entries: readonly Entry[];
}

export interface DeleteResult extends ResultBase {
  readonly deleted: boolean;
}

export interface ClearResult extends ResultBase {
  /** Entries removed. */
  readonly clearedCount: number;
  /** Namespaces that held any, sorted. */
  readonly namespaces: readonly string[];
}

export type ResultOf<C extends Command> = C extends SetCommand
  ? SetResult
  : C extends DeleteCommand
    ? DeleteResult
    : ClearResult;

/** The bytes that a command keeps in memory while it waits, roughly. */
export function commandBytes(command: Command): number {
  if (command.kind !== "set") return 500;
  return command.items.reduce((sum, item) => {
    const metadata = item.metadata === null ? 0 : JSON.stringify(item.metadata).length;
    return sum + 500 + item.key.length + item.value.length + metadata;
  }, 0);
}
