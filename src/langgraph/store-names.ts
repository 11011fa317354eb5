import { escapeText, namePart, originalPart, originalText } from "../adapter/name-part.ts";

/** The default prefix of the namespaces of items. */
export const defaultItemsPrefix = "langgraph:store:";

/** The replacement of the empty key. The Python package uses the same. */
const emptyKey = "\u241b";

/** The key of an item as Baton stores it. */
export function storedKey(key: string): string {
  return escapeText(key) || emptyKey;
}

/** The key of an item as its writer chose it. */
export function originalKey(stored: string): string {
  return stored === emptyKey ? "" : originalText(stored);
}

/** Encodes a label of a namespace as one segment of a name. `**` is a wildcard in Baton, but not in LangGraph. */
export function segmentOf(label: string): string {
  return label === "**" ? "%2A%2A" : namePart(label, ":");
}

/** Converts LangGraph's namespaces to Baton's: a prefix, and the labels with colons between them. */
export class StoreNames {
  /** The prefix, such as `langgraph:store:`. */
  readonly prefix: string;
  /** The segments of the prefix. */
  readonly rootSegments: readonly string[];

  /** @throws Error if the prefix does not end with a colon, because names would be ambiguous */
  constructor(prefix: string) {
    if (!prefix.endsWith(":")) {
      throw new Error(
        `namespacePrefix must end with a colon, as in ${JSON.stringify(`${prefix}:`)}.`,
      );
    }
    this.prefix = prefix;
    this.rootSegments = prefix.slice(0, -1).split(":");
  }

  nameOf(labels: readonly string[]): string {
    return this.prefix + labels.map(segmentOf).join(":");
  }

  labelsOf(name: string): string[] {
    return name.split(":").slice(this.rootSegments.length).map(originalPart);
  }
}
