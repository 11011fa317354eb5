/** The maximum size of a group. An item that is larger than `maxBytes` forms a group alone. */
export interface GroupBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Divides a list, in its order, into groups that each fit into one request. */
export function groupsOf<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  { maxItems, maxBytes }: GroupBounds,
): T[][] {
  const groups: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const more = bytesOf(item);
    const current = groups.at(-1);
    if (!current || current.length >= maxItems || bytes + more > maxBytes) {
      groups.push([item]);
      bytes = more;
    } else {
      current.push(item);
      bytes += more;
    }
  }
  return groups;
}
