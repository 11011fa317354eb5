import type { CallOptions } from "./connection.ts";
import type { AnsweredEntry, Entry } from "./entry.ts";

/** Where to search. */
export interface SearchOptions extends CallOptions {
  /** Only namespaces that begin with this. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
  /** At most how many results. Default: all, page by page as they are asked for. */
  readonly limit?: number | undefined;
}

/** The first place where a search found its text, as it is written there (in Unicode's composed form, NFC). */
export interface SearchMatch {
  /** JSON Pointer of the string in the value; null where the key has the text. */
  readonly path: string | null;
  /** What is right before the text; at most 80 characters. */
  readonly before: string;
  /** The text that was found. */
  readonly text: string;
  /** What is right after it; at most 80 characters. */
  readonly after: string;
}

/** An entry that was found by its text. */
export interface SearchResult {
  /** The entry. */
  readonly entry: Entry;
  /** Plain text around the first match. */
  readonly snippet: string;
  /** Where that is, and its parts. */
  readonly match: SearchMatch;
}

/** A result as GraphQL answers it. */
export type AnsweredSearchResult = Omit<SearchResult, "entry"> & { readonly entry: AnsweredEntry };
