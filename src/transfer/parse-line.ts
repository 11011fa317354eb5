import { unclaimed } from "../store/model/claim.ts";
import { JsonError } from "../json/json-error.ts";
import { parseJsonText } from "../json/json-text.ts";
import { checkDepth } from "../store/model/limits.ts";
import { LineError, metadataMark, valueMark, type EntryLine, type Line } from "./line.ts";
import { checked, lineLimits } from "./line-limits.ts";
import {
  entryMembers,
  lineMembers,
  readMembers,
  readRareMembers,
  type Fields,
  type Members,
} from "./line-members.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a line that `writeLine` wrote, without its line feed.
 * @throws LineError
 */
export function parseLine(bytes: Uint8Array): Line {
  const text = decode(bytes);
  const mark = text.indexOf(metadataMark);
  const fields = parseObject("It", mark === -1 ? text : `${text.slice(0, mark)}}`);
  const { kind } = fields;
  if (kind === "EXISTING" || kind === "SET") {
    if (mark === -1) throw new LineError("metadata is missing.");
    return { kind, entry: parseEntry(fields, text.slice(mark + metadataMark.length)) };
  }
  if (typeof kind !== "string" || !Object.hasOwn(lineMembers, kind)) {
    throw new LineError(`${JSON.stringify(kind)} is not a kind of line.`);
  }
  const members: Members<object> = lineMembers[kind as keyof typeof lineMembers];
  return { kind, ...readMembers(members, fields) } as Line;
}

/** @param raw the text that begins with the metadata */
function parseEntry(fields: Fields, raw: string): EntryLine["entry"] {
  const metadataEnd = objectEnd(raw);
  if (!raw.startsWith(valueMark, metadataEnd) || !raw.endsWith("}")) {
    throw new LineError(
      "metadata, an object, and value must be its last members, without spaces around them.",
    );
  }
  const metadata = exactText("metadata", raw.slice(0, metadataEnd));
  if (!metadata.startsWith("{")) throw new LineError("metadata is not a JSON object.");
  const value = exactText("value", raw.slice(metadataEnd + valueMark.length, -1));
  const entry = readMembers(entryMembers, fields);
  const sizeBytes =
    Buffer.byteLength(entry.key) + Buffer.byteLength(value) + Buffer.byteLength(metadata);
  return { ...unclaimed, ...entry, ...readRareMembers(fields), metadata, value, sizeBytes };
}

/** Returns the end of the object at the beginning of the text. A JSON parser checks the object afterwards. */
function objectEnd(text: string): number {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isText) {
      if (character === "\\") at++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{") depth++;
    else if (character === "}" && --depth <= 0) return at + 1;
  }
  throw new LineError("metadata has no end.");
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new LineError("It is not UTF-8.");
  }
}

/** Reads JSON that is stored exactly as it is written in the line. */
function exactText(what: string, json: string): string {
  try {
    const parsed = parseJsonText(json);
    checked(() => checkDepth(lineLimits, what, parsed));
    return parsed.text;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { maxValueDepth } = lineLimits;
    throw new LineError(
      error.isTooDeep
        ? `${what}: JSON can be nested at most ${maxValueDepth} levels deep; this is deeper.`
        : `${what}: ${error.message}`,
    );
  }
}

function parseJson(what: string, json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new LineError(`${what} is not JSON: ${(error as Error).message}`);
  }
}

function parseObject(what: string, json: string): Fields {
  const value = parseJson(what, json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new LineError(`${what} is not a JSON object.`);
}
