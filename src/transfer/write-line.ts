import { LineError, metadataMark, valueMark, type EntryLine, type Line } from "./line.ts";
import { entryMembers, lineMembers, membersOf, rareMembersOf } from "./line-members.ts";

/**
 * Writes a line, with its line feed.
 * @throws LineError if metadata or value has several lines
 */
export function writeLine(line: Line): string {
  if ("entry" in line) return writeEntry(line);
  const { kind } = line;
  return `${JSON.stringify({ kind, ...membersOf(lineMembers[kind], line) })}\n`;
}

/**
 * Writes the line of an entry. Metadata and value come last, as the stored text, so that they are unchanged. The lease
 * of a claim is left out, because it does not continue in another store.
 */
function writeEntry({ kind, entry }: EntryLine): string {
  const { namespace, key, metadata, value } = entry;
  const raw = `${metadataMark}${metadata}${valueMark}${value}}\n`;
  // Baton stores JSON in one line. JSON of several lines, which another program stored, would damage the file.
  if (/[\n\r]/.test(raw.slice(0, -1))) {
    throw new LineError(`${JSON.stringify({ namespace, key })} contains JSON of several lines.`);
  }
  const fields = { kind, ...membersOf(entryMembers, entry), ...rareMembersOf(entry) };
  return JSON.stringify(fields).slice(0, -1) + raw;
}
