import { writeJson } from "../../json/write-json.ts";
import { isOutputTerminal, print } from "./output.ts";
import { table } from "./table.ts";

/** How a list is shown. Without a flag: a table on a terminal, otherwise one name per line. */
export interface ListFormat {
  /** The table. */
  readonly long?: true;
  /** One JSON object per line. */
  readonly json?: true;
}

/** The items of a list, and how one item is shown. */
export interface List<T> {
  readonly items: AsyncIterable<T> | Iterable<T>;
  readonly nameOf: (item: T) => string;
  /** The cells of the table by their headings. */
  readonly columns: Readonly<Record<string, (item: T) => string>>;
}

/**
 * Prints a list. Names and JSON are printed as they arrive. A table is printed when the list is complete, because its
 * columns are aligned.
 * @returns how many items there were
 */
export async function printList<T>(
  { long, json }: ListFormat,
  { items, nameOf, columns }: List<T>,
): Promise<number> {
  const isTable = long ?? isOutputTerminal();
  if (json || !isTable) {
    let count = 0;
    for await (const item of items) {
      await print(`${json ? writeJson(item) : nameOf(item)}\n`);
      count++;
    }
    return count;
  }
  const cells = Object.values(columns);
  const rows: string[][] = [];
  for await (const item of items) rows.push(cells.map((cell) => cell(item)));
  if (rows.length > 0) await print(table([Object.keys(columns), ...rows]));
  return rows.length;
}
