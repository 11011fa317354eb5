import type { TextMatch } from "../model/text-match.ts";

// The content and the queries of SQLite's index. The index returns every entry that has the trigrams; further
// statements then compare the text and the namespaces of each.

/** A text is searched by at most this many of its trigrams, and a namespace by fewer, because reading each takes time. */
const maxTrigrams = 8;
const maxNamespaceTrigrams = 4;
/** With more namespaces than this, the index is queried by the text only. */
const maxNamespaces = 8;

// Namespaces are indexed in private-use characters, which texts rarely contain.
const firstMark = 0x100000;
const begin = String.fromCodePoint(0x10fffc);
const end = String.fromCodePoint(0x10fffd);

/** The indexed text of an entry. It includes the namespace, so that a search in few namespaces reads no others. */
export function indexedText(text: string, namespace: string): string {
  return `${text}\u0001${begin}${marked(namespace)}${end}`;
}

function marked(namespace: string): string {
  const mark = (character: string) => firstMark + ((character.codePointAt(0) ?? 0) % 0xfff0);
  return Array.from(namespace, (character) => String.fromCodePoint(mark(character))).join("");
}

/** Returns the FTS5 expression of a search. */
export function matchExpression(folded: string, namespaces: readonly TextMatch[]): string {
  const marks = namespaces.map((match) =>
    match.kind === "exact" ? begin + marked(match.text) + end : begin + marked(match.prefix),
  );
  const isNarrow = marks.every((mark) => Array.from(mark).length >= 3);
  if (!isNarrow || marks.length === 0 || marks.length > maxNamespaces)
    return trigramsOf(folded, maxTrigrams);
  const inNamespaces = marks.map((mark) => `(${trigramsOf(mark, maxNamespaceTrigrams)})`);
  return `(${trigramsOf(folded, maxTrigrams)}) AND (${inNamespaces.join(" OR ")})`;
}

/** Returns different trigrams from all parts of a text. Each is quoted, so that no character is an operator. */
function trigramsOf(text: string, most: number): string {
  const points = Array.from(text);
  const last = points.length - 3;
  const stride = Math.max(3, Math.ceil(last / (most - 1)));
  const trigrams = new Set<string>();
  for (let begins = 0; begins < last + stride; begins += stride) {
    const trigram = points.slice(Math.min(begins, last)).slice(0, 3).join("");
    trigrams.add(`"${trigram.replaceAll('"', '""')}"`);
  }
  return [...trigrams].join(" AND ");
}
