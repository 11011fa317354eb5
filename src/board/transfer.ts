import { partOf } from "../json/part-of.ts";
import { itemBegins, endOfValue } from "../json/value-parts.ts";
import { requestText, variablesOf } from "./graphql.ts";
import { number } from "./format.ts";

// A file has one entry per line, as JSON: `{"key":…,"value":…,"metadata":…}`. The text of values is not changed.

const pageSize = 200;
const batchSize = 200;
const maxBatchUnits = 2_000_000;

type Report = (done: number, of: number) => void;

/** Saves the entries of a namespace as a file. */
export async function exportNamespace(
  namespace: string,
  count: number,
  report: Report,
): Promise<string> {
  const lines: string[] = [];
  for (let after: string | null = null; ;) {
    const answer: string = await requestText(
      `query entries($namespace: String!, $first: Int!, $after: String) {
        entries(namespace: $namespace, first: $first, after: $after) { nodes { key value metadata } pageInfo { hasNextPage endCursor } }
      }`,
      variablesOf({ namespace, first: pageSize, after }),
    );
    const nodes = partOf(answer, ["data", "entries", "nodes"]) ?? "[]";
    for (const begin of itemBegins(nodes, 0))
      lines.push(`${nodes.slice(begin, endOfValue(nodes, begin))}\n`);
    report(lines.length, Math.max(count, lines.length));
    const info = JSON.parse(partOf(answer, ["data", "entries", "pageInfo"]) ?? "{}") as {
      readonly hasNextPage: boolean;
      readonly endCursor: string;
    };
    if (!info.hasNextPage) break;
    after = info.endCursor;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  link.download = `${namespace.replaceAll(/[^\w.-]+/g, "_")}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return `${number(lines.length)} entries are in the file.`;
}

/** Sets the entries of a file in batches. Each batch is written completely or not at all. */
export async function importEntries(
  namespace: string,
  file: File,
  report: Report,
): Promise<string> {
  const lines = (await file.text()).split("\n").map((line) => line.trim());
  const entries = lines.flatMap((line, at) => (line === "" ? [] : [{ line, at: at + 1 }]));
  let done = 0;
  while (done < entries.length) {
    const batch: string[] = [];
    let units = 0;
    for (const { line, at } of entries.slice(done, done + batchSize)) {
      if (batch.length > 0 && units + line.length > maxBatchUnits) break;
      batch.push(checkedLine(line, at, done));
      units += line.length;
    }
    const input = variablesOf({ namespace }, { entries: `[${batch.join(",")}]` });
    await requestText(
      "mutation setEntries($input: SetEntriesInput!) { setEntries(input: $input) { revision } }",
      `{"input":${input}}`,
    );
    done += batch.length;
    report(done, entries.length);
  }
  return `${number(done)} entries were written.`;
}

/** The members of a line that an import uses. */
function checkedLine(line: string, at: number, written: number): string {
  try {
    JSON.parse(line);
    const [key, value, metadata] = [["key"], ["value"], ["metadata"]].map((path) =>
      partOf(line, path),
    );
    if (key == null || value == null || key[0] !== '"')
      throw new Error("An entry needs a key and a value.");
    return `{"key":${key},"value":${value}${metadata == null ? "" : `,"metadata":${metadata}`}}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Line ${at} is not an entry: ${reason} The ${number(written)} entries before its batch were written.`,
      { cause: error },
    );
  }
}
