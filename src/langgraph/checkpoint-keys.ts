import { escapeText, namePart } from "../adapter/name-part.ts";

/** The default prefix of the namespaces of threads. */
export const defaultThreadsPrefix = "langgraph:threads:";

/** One checkpoint of a thread. */
export interface CheckpointAddress {
  /** The ID of its thread. */
  readonly thread: string;
  /** Its checkpoint namespace: `""` for the graph itself, otherwise the path of the subgraph. */
  readonly ns: string;
  /** Its ID. */
  readonly id: string;
}

/** Prefix of all checkpoints of a thread, and of the writes to them. */
export const checkpointsPrefix = "checkpoint/";

/** Prefix of the checkpoints of one checkpoint namespace. */
export function namespacePrefix(ns: string): string {
  return `${checkpointsPrefix}${namePart(ns, "/")}/`;
}

/**
 * Key of a checkpoint. The ID is encoded so that the latest ID is the first key. A list of keys then begins with the
 * latest checkpoint, and the writes to each checkpoint follow it.
 */
export function checkpointKey({ ns, id }: Omit<CheckpointAddress, "thread">): string {
  return namespacePrefix(ns) + descending(id);
}

/**
 * Key of a task's writes to a checkpoint: one key for the special write with a negative index, and one for all others.
 */
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
 * Encodes a text so that the order is reversed: the complement of each byte in hexadecimal digits, and an end that is
 * greater than any digit, so that a text comes before its own prefixes.
 */
function descending(text: string): string {
  const bytes = new TextEncoder().encode(escapeText(text));
  return `${Array.from(bytes, (byte) => (255 - byte).toString(16).padStart(2, "0")).join("")}~`;
}
