import { escapeText, namePart } from "../adapter/name-part.ts";

/** Before the names of threads, unless the saver is given another prefix. */
export const defaultThreadsPrefix = "langgraph:threads:";

/** One checkpoint of a thread. */
export interface CheckpointAddress {
  /** Its thread. */
  readonly thread: string;
  /** Its checkpoint namespace: `""` for the graph itself, else the path of the subgraph. */
  readonly ns: string;
  /** Its id. */
  readonly id: string;
}

/** Prefix of all checkpoints of a thread, and of the writes to them. */
export const checkpointsPrefix = "checkpoint/";

/** Prefix of the checkpoints of one checkpoint namespace. */
export function namespacePrefix(ns: string): string {
  return `${checkpointsPrefix}${namePart(ns, "/")}/`;
}

/**
 * Key of a checkpoint. Its id is written so that the latest id is the first key: a list of keys then begins with the
 * latest checkpoint, and each checkpoint is followed by the writes to it.
 */
export function checkpointKey({ ns, id }: Omit<CheckpointAddress, "thread">): string {
  return namespacePrefix(ns) + descending(id);
}

/** Key of the writes that a task made to a checkpoint: the special write with a negative index, or all others. */
export function writesKey(
  checkpoint: Omit<CheckpointAddress, "thread">,
  taskId: string,
  specialIndex: number | null,
): string {
  return `${checkpointKey(checkpoint)}/${namePart(taskId, "/")}/${specialIndex ?? "writes"}`;
}

/** Key of one version of a channel's value. */
export function channelKey(ns: string, channel: string, version: number | string): string {
  return `channel/${namePart(ns, "/")}/${namePart(channel, "/")}/${namePart(String(version), "/")}`;
}

/**
 * A text whose order is the reverse of the original's: the complement of each byte in hexadecimal digits, and an end
 * that is greater than any digit, so that a text comes before its own beginning.
 */
export function descending(text: string): string {
  const bytes = new TextEncoder().encode(escapeText(text));
  return `${Array.from(bytes, (byte) => (255 - byte).toString(16).padStart(2, "0")).join("")}~`;
}
