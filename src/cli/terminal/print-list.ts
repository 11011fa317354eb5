import { Option, type Command } from "commander";
import { isForPerson, print } from "./output.ts";
import { table } from "./table.ts";

interface Flags {
  readonly long?: true;
  readonly json?: true;
}

/** What is listed, and how an item of it is shown. */
export interface List<T> {
  readonly items: AsyncIterable<T> | Iterable<T>;
  readonly nameOf: (item: T) => string;
  /** Of the table, by heading. */
  readonly columns: Readonly<Record<string, (item: T) => string>>;
}

/** Adds how a list is shown. */
export function addListFlags(command: Command): Command {
  return command
    .addOption(new Option("-l, --long", "the table, whoever reads it").conflicts("json"))
    .option("--json", "all there is to say of each, as one JSON object a line");
}

/**
 * Prints a list: a table for a person, names for a program; as it comes where nothing must be aligned. Returns how many
 * there were.
 */
export async function printList<T>(
  command: Command,
  { items, nameOf, columns }: List<T>,
): Promise<number> {
  const { long = isForPerson(), json } = command.opts<Flags>();
  if (json || !long) {
    let count = 0;
    for await (const item of items) {
      await print(`${json ? JSON.stringify(item) : nameOf(item)}\n`);
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
