import type { SqliteConnection } from "./connection.ts";

/**
 * Reads the size of the file's pages in bytes: of all pages, or of the free ones.
 * @throws UNAVAILABLE if it cannot be read
 */
export function bytesOfPages(
  connection: SqliteConnection,
  pragma: "page_count" | "freelist_count",
): number {
  const count = connection.prepare(`PRAGMA ${pragma}`).get([])?.[pragma];
  const size = connection.prepare("PRAGMA page_size").get([])?.page_size;
  return Number(count) * Number(size);
}
