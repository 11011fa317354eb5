import type { SqliteConnection } from "./connection.ts";

/**
 * Reads how many bytes the pages of the file take: all of them, or those that are free.
 * @throws UNAVAILABLE if not even that can be read
 */
export function bytesOfPages(
  connection: SqliteConnection,
  pragma: "page_count" | "freelist_count",
): number {
  const count = connection.prepare(`PRAGMA ${pragma}`).get([])?.[pragma];
  const size = connection.prepare("PRAGMA page_size").get([])?.page_size;
  return Number(count) * Number(size);
}
