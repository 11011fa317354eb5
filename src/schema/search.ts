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
    "The first place where a search found its text. `before`, `text` and `after` are shown as they are written there, in composed form (NFC).",
  fields: (t) => ({
    path: t.exposeString("path", {
      nullable: true,
      description:
        'JSON Pointer to the string within the value; `""` if the value is that string. Null if the text is in the key.',
    }),
    before: t.exposeString("before", {
      description: "The text before the match in that string or key; at most 80 characters.",
    }),
    text: t.exposeString("text", { description: "The matching text." }),
    after: t.exposeString("after", {
      description: "The text after the match; at most 80 characters.",
    }),
  }),
});

const resultRef = builder.objectRef<Found>("SearchResult").implement({
  description: "An entry that contains the searched text.",
  fields: (t) => ({
    entry: t.field({
      type: entryRef,
      description: "The entry.",
      resolve: ({ entry }) => entry,
    }),
    snippet: t.string({
      description:
        "Plain text around the first match: `match.before`, `match.text` and `match.after` joined.",
      resolve: ({ match: { before, text, after } }) => before + text + after,
    }),
    match: t.field({
      type: matchRef,
      description: "The first match, and the text around it.",
      resolve: ({ match }) => match,
    }),
  }),
});

const searchConnection = connectionOf("Search", "results of a search", resultRef);

const defaultSearchSize = 20;

/** The complexity of a search: a text that many entries nearly contain makes it read all of these. */
const searchComplexity = 50 * statementComplexity;

builder.queryField("searchEntries", (t) =>
  t.field({
    type: searchConnection,
    complexity: (args) => ({
      ...pageComplexity({ first: args.first ?? defaultSearchSize }),
      field: searchComplexity,
    }),
    description: [
      "Entries that contain a text in their key or in a string of their value, the last written first. The whole text must be in the key, or in one string.",
      "The comparison uses composed form (NFC) and lower case. All other characters are compared exactly, and none is a wildcard. Numbers, member names and metadata are not searched.",
      `Of a large value, the strings are searched in order until they reach ${maxSearchedUnits} characters (UTF-16 units) together.`,
      "A search finds a write as soon as the write's response is sent. If an entry is written while a client reads pages, it moves to the front of the list, before the client's cursor.",
    ].join(" "),
    args: {
      text: t.arg.string({
        required: true,
        description: "The text to search for: at least 3 characters, and at most `maxSearchBytes`.",
      }),
      namespacePrefix: t.arg.string({
        description:
          "Only namespaces that begin with this prefix. A token limited to namespaces sees the permitted ones.",
      }),
      first: t.arg.int({ defaultValue: defaultSearchSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only results after this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, args, { store, viewer, budget, closed }) => {
      const input = {
        text: args.text,
        namespacePrefix: args.namespacePrefix ?? "",
        first: args.first ?? defaultSearchSize,
        before: args.after == null ? null : decodeRevisionCursor(args.after),
      };
      const found = store.entries.search(viewer, input, closed);
      const page = await budget.showRead(found, ({ items }) => items.map(sizeWithMatch));
      return { ...page, cursorOf: ({ entry }: Found) => encodeCursor([String(entry.revision)]) };
    },
  }),
);

/** The size of a result in a response, including the text around the match. */
function sizeWithMatch({ entry, match: { before, text, after } }: Found) {
  const { sizeBytes, namespace, key } = entry;
  return { sizeBytes, namespace, key: key + before + text + after };
}
