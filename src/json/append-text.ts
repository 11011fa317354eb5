import { itemBegins } from "./value-parts.ts";

/**
 * Appends an item to an array.
 * @param array the text of a `JsonText`; null where there is nothing
 * @param maxLength how many items to keep, the newest, at least 1; null: all
 * @returns null when there is something else than an array
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
