import { escapeText, namePart, originalPart, originalText } from "../adapter/name-part.ts";

/** Before the namespaces of items, unless the store is given another prefix. */
export const defaultItemsPrefix = "langgraph:store:";

/** What stands for the empty key, as in the Python package. */
const emptyKey = "\u241b";

/** The key of an item as Baton stores it. */
export function storedKey(key: string): string {
  return escapeText(key) || emptyKey;
}

/** The key of an item as its writer said it. */
export function originalKey(stored: string): string {
  return stored === emptyKey ? "" : originalText(stored);
}

/** A label of a namespace as one segment of a name. `**` would be a wildcard to Baton, and is none to LangGraph. */
export function segmentOf(label: string): string {
  return label === "**" ? "%2A%2A" : namePart(label, ":");
}

/** The namespaces of LangGraph as names of Baton's: a prefix, and the labels with colons between them. */
export class StoreNames {
  /** Such as `langgraph:store:`. */
  readonly prefix: string;
  /** The segments of the prefix. */
  readonly rootSegments: readonly string[];

  /** @throws Error when the prefix does not end with a colon: names could not be told from others */
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
