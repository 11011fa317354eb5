import type { Found } from "../store/search/search.ts";
import { maxSearchedUnits, type Match } from "../store/search/search-text.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeRevisionCursor,
  encodeCursor,
  firstDescription,
  pageComplexity,
  statementComplexity,
} from "./connection.ts";
import { entryRef } from "./entry-ref.ts";

const matchRef = builder.objectRef<Match>("SearchMatch").implement({
  description:
    "The first place where a search found its text. What is before, the text and what is after are shown as they are written there, in the composed form (NFC).",
  fields: (t) => ({
    path: t.exposeString("path", {
      nullable: true,
      description:
        'JSON Pointer of the string in the value, `""` where the value is that string; null where the key has the text.',
    }),
    before: t.exposeString("before", {
      description: "What is right before the text in that string or key; at most 80 characters.",
    }),
    text: t.exposeString("text", { description: "The text that was found." }),
    after: t.exposeString("after", {
      description: "What is right after it; at most 80 characters.",
    }),
  }),
});

const resultRef = builder.objectRef<Found>("SearchResult").implement({
  description: "An entry that was found by its text.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      description: "The entry.",
      resolve: ({ entry }) => entry,
    }),
    snippet: t.string({
      description:
        "Plain text around the first match: `match.before`, `match.text` and `match.after` in one.",
      resolve: ({ match: { before, text, after } }) => before + text + after,
    }),
    match: t.field({
      type: matchRef,
      description: "Where the text was found first, and what is around it.",
      resolve: ({ match }) => match,
    }),
  }),
});

const searchConnection = connectionOf("Search", "results of a search", resultRef);

const defaultSearchSize = 20;

/** A search for what many entries nearly have looks through them. */
const searchComplexity = 50 * statementComplexity;

builder.queryField("searchEntries", (t) =>
  t.field({
    type: searchConnection,
    complexity: (args) => ({
      ...pageComplexity({ first: args.first ?? defaultSearchSize }),
      field: searchComplexity,
    }),
    description: [
      "Entries that have a text in their key or in a string of their value, the last written first. The text must be within one of these: the key, or one string.",
      "Both are compared composed (NFC) and in lower case; every other character counts as it is, and none is a wildcard. Numbers, the names of members and the metadata are not searched.",
      `Of a large value the strings are searched in their order, until they have ${maxSearchedUnits} characters (UTF-16 units) together.`,
      "A write is found as soon as it is answered. An entry that is written while you page moves to the front, behind which you are.",
    ].join(" "),
    args: {
      text: t.arg.string({
        required: true,
        description:
          "What to search for: at least 3 characters, and up to the limit `maxSearchBytes`.",
      }),
      namespacePrefix: t.arg.string({
        description:
          "Only namespaces that begin with this. A token limited to namespaces is shown its part.",
      }),
      first: t.arg.int({ defaultValue: defaultSearchSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only results behind this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, args, { store, viewer, budget }) => {
      const found = store.searchEntries(viewer, {
        text: args.text,
        namespacePrefix: args.namespacePrefix ?? "",
        first: args.first ?? defaultSearchSize,
        before: args.after == null ? null : decodeRevisionCursor(args.after),
      });
      const page = await budget.showRead(found, ({ items }) => items.map(sizeWithMatch));
      return { ...page, cursorOf: ({ entry }: Found) => encodeCursor([String(entry.revision)]) };
    },
  }),
);

/** What is around the match is one of the texts that are shown. */
function sizeWithMatch({ entry, match: { before, text, after } }: Found) {
  const { sizeBytes, namespace, key } = entry;
  return { sizeBytes, namespace, key: key + before + text + after };
}
