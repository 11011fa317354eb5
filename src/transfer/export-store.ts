import type { Database, PageBounds } from "../store/contract.ts";
import { StartError } from "../start-error.ts";
import type { Change, Selection } from "../store/model/change.ts";
import type { StoredEntry } from "../store/model/claim.ts";
import { importUnderWay, isImporting } from "../store/model/log.ts";
import { everything, prefixed } from "../store/model/text-match.ts";
import { formatVersion, LineFault, writeLine, type Line } from "./line.ts";
import type { Sequence } from "./sequence.ts";

type Source = Pick<Database, "readLogEnds" | "readStoredEntries" | "readStoredLog">;

/** What is in memory at once. */
const defaultPageBounds: PageBounds = { maxItems: 1_000, maxBytes: 1024 * 1024 };

/** Which store to export, or what part of it. */
export interface ExportRequest {
  readonly user: string;
  readonly namespacePrefix: string;
}

/**
 * The lines that the sequence lacks, as texts of several lines: the entries page by page, without a transaction; then
 * every change since the first line, whether or not a page shows it; then the end. Each change leaves its keys as they
 * are right after it, so all of them in order lead to the state as of the last, from whatever pages in between (G4).
 * @throws StartError when the log does not reach back to the first line any more
 */
export async function* exportStore(
  source: Source,
  { user, namespacePrefix }: ExportRequest,
  sequence: Sequence,
  pageBounds = defaultPageBounds,
): AsyncGenerator<string> {
  const textOf = (lines: readonly Line[]) => lines.map((line) => written(line, sequence)).join("");
  const selection: Selection = { namespaces: [prefixed(namespacePrefix)], keys: everything };

  if (sequence.header === null) {
    const { head } = await requireStore(source, user);
    const version = formatVersion;
    yield textOf([{ kind: "BATON_EXPORT", version, user, namespacePrefix, revision: head }]);
  }
  for (let hasMore = sequence.changes === 0; hasMore;) {
    const after = sequence.place;
    const query = { userId: user, selection, onlyKeys: null, after };
    const page = await source.readStoredEntries(query, pageBounds);
    if (page.items.length > 0) {
      yield textOf(page.items.map((entry) => ({ kind: "EXISTING", entry })));
    }
    hasMore = page.hasMore;
  }
  for (let { position } = sequence; sequence.end === null;) {
    const query = { userId: user, selection, after: position };
    const page = await source.readStoredLog(query, pageBounds);
    if (isImporting(page)) throw importUnderWay();
    if (position < page.compacted || position > page.head) {
      throw new StartError(
        `The log of user ${user} does not reach back to revision ${position} any more, where this export is. ` +
          "Begin a new one. With a longer --retention-days or --retention-changes the server keeps more of the log.",
      );
    }
    position = page.through;
    const lines = page.changes.map(changeLine);
    const text = textOf(lines);
    yield position < page.head ? text : text + textOf([sequence.endAt(page.head)]);
  }
}

/** Refuses what no import would take, should somebody else have put it into the database. */
function written(line: Line, sequence: Sequence): string {
  try {
    const text = writeLine(line);
    sequence.add(line, text);
    return text;
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    throw new StartError(`The store holds what can't be exported: ${error.message}`);
  }
}

/** @throws StartError where there is nothing to export, UNAVAILABLE where there is only a part yet */
async function requireStore(source: Source, user: string): Promise<{ head: bigint }> {
  const ends = await source.readLogEnds(user);
  if (isImporting(ends)) throw importUnderWay();
  if (ends.head > 0n) return ends;
  throw new StartError(`User ${user} has no store here. Name its owner with --user.`);
}

function changeLine(change: Change<StoredEntry>): Line {
  const { kind, revision, namespace } = change;
  switch (kind) {
    case "SET":
      return { kind, entry: change.entry };
    case "DELETED":
    case "EXPIRED":
      return { kind, revision, namespace, key: change.key };
    case "NAMESPACE_CLEARED":
      return { kind, revision, namespace };
  }
}
