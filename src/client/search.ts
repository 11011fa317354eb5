import type { CallOptions } from "./connection.ts";
import type { AnsweredEntry, Entry } from "./entry.ts";

/** Options of `DataStore.search`. */
export interface SearchOptions extends CallOptions {
  /** Only namespaces whose names begin with this prefix. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
  /** Maximum number of results. Default: all, read in pages on demand. */
  readonly limit?: number | undefined;
}

/** The first match of a search, as it is written in the entry (in Unicode's composed form, NFC). */
export interface SearchMatch {
  /** JSON Pointer of the string in the value. Null if the key contains the text. */
  readonly path: string | null;
  /** The characters before the match, at most 80. */
  readonly before: string;
  /** The matched text. */
  readonly text: string;
  /** The characters after the match, at most 80. */
  readonly after: string;
}

/** A result of a search. */
export interface SearchResult {
  /** The entry. */
  readonly entry: Entry;
  /** Plain text around the first match. */
  readonly snippet: string;
  /** The place of the first match, and the text around it. */
  readonly match: SearchMatch;
}

/** A result as GraphQL returns it. */
export type AnsweredSearchResult = Omit<SearchResult, "entry"> & { readonly entry: AnsweredEntry };
