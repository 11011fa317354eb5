// What the reader, the writer and their runner agree on.
import type { DataStore } from "baton-store/client";

/** The thread of the reader's graph: another run of it, with the same thread, goes on where this one was. */
export const thread = { configurable: { thread_id: "library" } };

/** Where the graphs remember: LangGraph's namespaces. */
export const notes = ["library", "notes"];
export const results = ["library", "results"];

/** Pages that were handed over, by their numbers: `"1"`, `"2"` … */
export function pagesOf(store: DataStore) {
  return store.namespace<Record<string, { file: string }>>("library:pages");
}
