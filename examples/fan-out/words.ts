// The work itself. It does not use the store.

/** Counts how often each word occurs. */
export type Counts = Readonly<Record<string, number>>;

/** Divides a text into pieces of the given number of lines. */
export function split(text: string, lineCount = 20): string[] {
  const lines = text.split("\n");
  const pieces: string[] = [];
  for (let at = 0; at < lines.length; at += lineCount) {
    pieces.push(lines.slice(at, at + lineCount).join("\n"));
  }
  return pieces;
}

export function countWords(text: string): Counts {
  return merge((text.toLowerCase().match(/[a-z]+/g) ?? []).map((word) => ({ [word]: 1 })));
}

export function merge(all: Iterable<Counts>): Counts {
  const sums = new Map<string, number>();
  for (const counts of all) {
    for (const [word, count] of Object.entries(counts)) {
      sums.set(word, (sums.get(word) ?? 0) + count);
    }
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function mostFrequent(counts: Counts, limit: number): string {
  const words = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return words
    .slice(0, limit)
    .map(([word, count]) => `${word} (${count})`)
    .join(", ");
}
