import type { TextMatch } from "../model/text-match.ts";

// The content and the queries of SQLite's index. The index returns every entry that has the trigrams; the statement
// then compares the text and the namespaces of each.

/** A long text is searched by at most this many of its trigrams. */
const maxTrigrams = 16;
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
  if (!isNarrow || marks.length === 0 || marks.length > maxNamespaces) return trigramsOf(folded);
  return `(${trigramsOf(folded)}) AND (${marks.map((mark) => `(${trigramsOf(mark)})`).join(" OR ")})`;
}

/** Returns trigrams that cover the text. Each is quoted, so that no character is an operator. */
function trigramsOf(text: string): string {
  const points = Array.from(text);
  const last = points.length - 3;
  const stride = Math.max(3, Math.ceil(last / (maxTrigrams - 1)));
  const trigrams: string[] = [];
  for (let begins = 0; begins < last + stride; begins += stride) {
    const trigram = points.slice(Math.min(begins, last)).slice(0, 3).join("");
    trigrams.push(`"${trigram.replaceAll('"', '""')}"`);
  }
  return trigrams.join(" AND ");
}
