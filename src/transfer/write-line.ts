import { LineFault, metadataMark, valueMark, type EntryLine, type Line } from "./line.ts";
import { entryMembers, lineMembers, membersOf, rareMembersOf } from "./line-members.ts";

/**
 * Writes a line, with its line feed.
 * @throws LineFault when metadata or value has several lines
 */
export function writeLine(line: Line): string {
  if ("entry" in line) return writeEntry(line);
  const { kind } = line;
  return `${JSON.stringify({ kind, ...membersOf(lineMembers[kind], line) })}\n`;
}

/**
 * Metadata and value come last, as the text that is stored, so that they are not changed. The lease of a claim is left
 * out: it ends with the move.
 */
function writeEntry({ kind, entry }: EntryLine): string {
  const { namespace, key, metadata, value } = entry;
  const raw = `${metadataMark}${metadata}${valueMark}${value}}\n`;
  // Baton stores JSON in one line. Another program may have stored it in several, which would break the file.
  if (/[\n\r]/.test(raw.slice(0, -1))) {
    throw new LineFault(`${JSON.stringify({ namespace, key })} holds JSON of several lines.`);
  }
  const fields = { kind, ...membersOf(entryMembers, entry), ...rareMembersOf(entry) };
  return JSON.stringify(fields).slice(0, -1) + raw;
}
