// Names that the reader, the writer and run.ts share.
import type { DataStore } from "baton-store/client";

/** The thread of the reader's graph. Another run with the same thread resumes where this one ended. */
export const thread = { configurable: { thread_id: "library" } };

/** LangGraph's namespaces for the memory of the graphs. */
export const notes = ["library", "notes"];
export const results = ["library", "results"];

/** Pages that were handed over, by their numbers: `"1"`, `"2"` … */
export function pagesOf(store: DataStore) {
  return store.namespace<Record<string, { file: string }>>("library:pages");
}
