import type { TextMatch } from "../../store/model/text-match.ts";

// What SQLite's index holds, and what it is asked for. It gives all that have the trigrams; that they have the text, and
// are in the namespaces, is compared.

/** Of a long text a part of the trigrams is looked up. */
const maxTrigrams = 64;
/** For more namespaces than this the index is asked for the text alone. */
const maxNamespaces = 8;

const privateUse = 0x100000;
const begin = String.fromCodePoint(0x10fffc);
const end = String.fromCodePoint(0x10fffd);

/**
 * The text of an entry as it is indexed: with its namespace, in characters that hardly a text has. A search in few
 * namespaces does not walk through what others have then.
 */
export function indexedText(text: string, namespace: string): string {
  return `${text}\u0001${begin}${marked(namespace)}${end}`;
}

function marked(namespace: string): string {
  const points = Array.from(namespace, (character) => character.codePointAt(0) as number);
  return points.map((point) => String.fromCodePoint(privateUse + (point % 0xfff0))).join("");
}

/** An expression of FTS5. */
export function matchExpression(folded: string, namespaces: readonly TextMatch[]): string {
  const parts = namespaces.map((match) =>
    match.kind === "exact"
      ? `${begin}${marked(match.text)}${end}`
      : `${begin}${marked(match.prefix)}`,
  );
  const isNarrow = parts.length <= maxNamespaces && parts.every((part) => pointsOf(part) >= 3);
  if (parts.length === 0 || !isNarrow) return trigramsOf(folded);
  const options = parts.map((part) => `(${trigramsOf(part)})`).join(" OR ");
  return `(${trigramsOf(folded)}) AND (${options})`;
}

function pointsOf(text: string): number {
  return Array.from(text).length;
}

/** Trigrams that cover the text, each quoted, so that no character is an operator. */
function trigramsOf(text: string): string {
  const points = Array.from(text);
  const last = points.length - 3;
  const stride = Math.max(3, Math.ceil(last / (maxTrigrams - 1)));
  const begins: number[] = [];
  for (let place = 0; place < last; place += stride) begins.push(place);
  return [...begins, last]
    .map((place) => points.slice(place, place + 3).join(""))
    .map((trigram) => `"${trigram.replaceAll('"', '""')}"`)
    .join(" AND ");
}
