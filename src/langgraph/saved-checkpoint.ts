import {
  compareWritesSortKeys,
  writesSortKey,
  type CheckpointPendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { originalText } from "../adapter/name-part.ts";
import { valueOf, type Piece } from "./piece.ts";
import type { ReadEntry } from "../adapter/large-entries.ts";

/**
 * The value of a checkpoint's entry. The values of its channels are separate entries, one for each version. In all of
 * these entries, `escapeText` encodes names.
 */
export interface StoredCheckpoint {
  readonly thread: string;
  readonly ns: string;
  readonly id: string;
  /** The ID of the previous checkpoint. */
  readonly parent: string | null;
  readonly checkpoint: Piece;
  readonly metadata: Piece;
}

/** One write of a task: its index, its channel and the value. */
export type StoredWrite = readonly [index: number, channel: string, value: Piece];

/** The value of an entry of writes. */
export interface StoredWrites {
  readonly task: string;
  readonly path: string;
  readonly writes: readonly StoredWrite[];
}

/** A checkpoint and the writes to it, as they were read. */
export interface SavedCheckpoint {
  /** The Baton namespace of its thread. */
  readonly namespace: string;
  readonly stored: StoredCheckpoint;
  readonly writes: readonly StoredWrites[];
}

/**
 * Reads the checkpoints in pages of entries. The entry of a checkpoint comes before the entries of its writes. Writes
 * whose checkpoint does not exist yet are left out.
 */
export async function* savedCheckpoints(
  pages: AsyncIterable<readonly ReadEntry[]>,
): AsyncGenerator<SavedCheckpoint[], void> {
  let open: ReadEntry[] = [];
  for await (const page of pages) {
    const closed: SavedCheckpoint[] = [];
    for (const entry of page) {
      const [first] = open;
      if (first && placeOf(first) !== placeOf(entry)) {
        closed.push(...savedCheckpoint(open));
        open = [];
      }
      open.push(entry);
    }
    if (closed.length > 0) yield closed;
  }
  const last = savedCheckpoint(open);
  if (last.length > 0) yield last;
}

/** The writes to a checkpoint, in the order in which LangGraph applies them. */
export async function pendingWrites(
  serde: SerializerProtocol,
  writes: readonly StoredWrites[],
): Promise<CheckpointPendingWrite[]> {
  const flat = writes.flatMap(({ task, path, writes: ofTask }) =>
    ofTask.map(([index, channel, value]) => ({
      order: writesSortKey(originalText(path), originalText(task), index),
      task: originalText(task),
      channel: originalText(channel),
      value,
    })),
  );
  flat.sort((a, b) => compareWritesSortKeys(a.order, b.order));
  return Promise.all(
    flat.map(async ({ task, channel, value }): Promise<CheckpointPendingWrite> => [
      task,
      channel,
      await valueOf(serde, value),
    ]),
  );
}

/** The part of the key that all entries of one checkpoint share. */
function placeOf({ namespace, key }: ReadEntry): string {
  return `${namespace}\n${key.split("/", 3).join("/")}`;
}

function savedCheckpoint(entries: readonly ReadEntry[]): SavedCheckpoint[] {
  const [first, ...rest] = entries;
  const stored = first?.value as Partial<StoredCheckpoint> | undefined;
  if (!first || stored?.checkpoint === undefined) return [];
  return [
    {
      namespace: first.namespace,
      stored: stored as StoredCheckpoint,
      writes: rest.map(({ value }) => value as StoredWrites),
    },
  ];
}
