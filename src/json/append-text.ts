import { itemBegins } from "./value-parts.ts";

/**
 * Appends an item to an array.
 * @param array the text of a `JsonText`; null if there is no value
 * @param maxLength maximum number of items, at least 1; the newest are kept. null: no limit
 * @returns null if the value is not an array
 */
export function appendText(
  array: string | null,
  item: string,
  maxLength: number | null,
): string | null {
  if (array === null || array === "[]") return `[${item}]`;
  if (!array.startsWith("[")) return null;
  if (maxLength === 1) return `[${item}]`;
  const items = array.slice(1, -1);
  if (maxLength === null) return `[${items},${item}]`;
  const begins = itemBegins(array, 0);
  const removed = begins.length + 1 - maxLength;
  return `[${removed > 0 ? array.slice(begins[removed], -1) : items},${item}]`;
}
