/** Matches one text, or all texts that begin with a prefix (`""`: every text). */
export type TextMatch =
  | { readonly kind: "exact"; readonly text: string }
  | { readonly kind: "prefix"; readonly prefix: string };

export const everything: TextMatch = { kind: "prefix", prefix: "" };

export function exact(text: string): TextMatch {
  return { kind: "exact", text };
}

export function prefixed(prefix: string): TextMatch {
  return { kind: "prefix", prefix };
}

export function matches(match: TextMatch, text: string): boolean {
  return match.kind === "exact" ? match.text === text : text.startsWith(match.prefix);
}

/** Returns the texts that both match; null if there are none. */
export function intersect(a: TextMatch, b: TextMatch): TextMatch | null {
  if (a.kind === "exact") return matches(b, a.text) ? a : null;
  if (b.kind === "exact") return intersect(b, a);
  if (a.prefix.startsWith(b.prefix)) return a;
  return b.prefix.startsWith(a.prefix) ? b : null;
}

/**
 * Returns the least text that sorts after every text with the prefix; null if there is none. The order is that of code
 * points, which is the byte order of UTF-8 and the order of both databases.
 */
export function prefixEnd(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  for (;;) {
    const last = points.pop();
    if (last === undefined) return null;
    if (last === 0x10ffff) continue;
    // Surrogates are not characters: the character after U+D7FF is U+E000.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
}

/** The text that it matches, or its prefix. No earlier text can match. */
export function firstText(match: TextMatch): string {
  return match.kind === "exact" ? match.text : match.prefix;
}

/** Compares in code point order. JavaScript's `<` compares UTF-16 units, which differs beyond U+FFFF. */
export function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
