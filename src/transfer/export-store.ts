import type { Database, PageBounds } from "../store/contract.ts";
import { StartError } from "../start-error.ts";
import type { Change, Selection } from "../store/model/change.ts";
import type { StoredEntry } from "../store/model/claim.ts";
import { importUnderWay, isImporting } from "../store/model/log.ts";
import { everything, prefixed } from "../store/model/text-match.ts";
import { formatVersion, LineError, type Line } from "./line.ts";
import type { Sequence } from "./sequence.ts";
import { writeLine } from "./write-line.ts";

type Source = Pick<Database, "readLogEnds" | "readStoredEntries" | "readStoredLog">;

/** The largest part of a store that is in memory at one time. */
const defaultPageBounds: PageBounds = { maxItems: 1_000, maxBytes: 1024 * 1024 };

/** The store, or the part of a store, to export. */
export interface ExportRequest {
  readonly user: string;
  readonly namespacePrefix: string;
}

/**
 * Yields the lines that are missing from the sequence, as texts of several lines.
 *
 * 1. The header, with the user's head revision.
 * 2. The entries, page by page, without a transaction.
 * 3. Every change after the header's revision. A page may already contain its effect. Each change sets the state of its
 *    keys, so all changes in order lead to the state as of the last one (G4).
 * 4. The end.
 *
 * @throws StartError if the log no longer reaches back to the header's revision
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
        `The log of user ${user} no longer reaches back to revision ${position}, the position of this export. ` +
          "Begin a new export. To keep more of the log, increase the server's --retention-days or --retention-changes.",
      );
    }
    position = page.through;
    const lines = page.changes.map(changeLine);
    const text = textOf(lines);
    yield position < page.head ? text : text + textOf([sequence.endAt(page.head)]);
  }
}

/** Writes a line. Refuses data that no import accepts, which only another program can have written to the database. */
function written(line: Line, sequence: Sequence): string {
  try {
    const text = writeLine(line);
    sequence.add(line, text);
    return text;
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new StartError(`The store contains data that cannot be exported: ${error.message}`);
  }
}

/** @throws StartError if the user has no store; UNAVAILABLE if an import is in progress */
async function requireStore(source: Source, user: string): Promise<{ head: bigint }> {
  const ends = await source.readLogEnds(user);
  if (isImporting(ends)) throw importUnderWay();
  if (ends.head > 0n) return ends;
  throw new StartError(`User ${user} has no store here. Name the owner of the store with --user.`);
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
