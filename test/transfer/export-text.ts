import { unclaimed, type StoredEntry } from "../../src/store/model/claim.ts";
import type { Line } from "../../src/transfer/line.ts";
import { Sequence } from "../../src/transfer/sequence.ts";
import { writeLine } from "../../src/transfer/write-line.ts";

const at = new Date("2026-01-31T12:00:00.000Z");

/** A stored entry, with defaults for the members that do not matter. */
export function storedEntry(given: Partial<StoredEntry> & { key: string }): StoredEntry {
  return {
    namespace: "n",
    value: "1",
    metadata: "{}",
    revision: 1n,
    createdRevision: 1n,
    createdAt: at,
    updatedAt: at,
    createdBy: null,
    updatedBy: "planner",
    expiresAt: null,
    ...unclaimed,
    sizeBytes: 0,
    ...given,
  };
}

/** The lines of an export, from its header to its end. */
export function exportText(
  revisions: { readonly begin: bigint; readonly end: bigint },
  lines: readonly Line[],
): string[] {
  const sequence = new Sequence();
  const write = (line: Line) => {
    const text = writeLine(line);
    sequence.add(line, text);
    return text;
  };
  const { begin, end } = revisions;
  const header = { kind: "BATON_EXPORT", version: 1, user: "local", namespacePrefix: "" } as const;
  const written = [{ ...header, revision: begin }, ...lines].map(write);
  return [...written, write(sequence.endAt(end))];
}
