import { unclaimed } from "../store/model/claim.ts";
import { checkJson } from "../store/model/limits.ts";
import {
  LineFault,
  metadataMark,
  valueMark,
  type EndLine,
  type EntryLine,
  type Line,
} from "./line.ts";
import { checked, lineLimits } from "./line-limits.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads what `writeLine` wrote, without its end.
 * @throws LineFault
 */
export function parseLine(bytes: Uint8Array): Line {
  const text = decode(bytes);
  const mark = text.indexOf(metadataMark);
  const fields = parseObject("It", mark === -1 ? text : `${text.slice(0, mark)}}`);
  const { kind } = fields;
  switch (kind) {
    case "BATON_EXPORT":
      return {
        kind,
        version: countOf(fields, "version"),
        user: textOf(fields, "user"),
        namespacePrefix: textOf(fields, "namespacePrefix"),
        revision: revisionOf(fields, "revision"),
      };
    case "EXISTING":
    case "SET":
      if (mark === -1) throw new LineFault("metadata is missing.");
      return parseEntry(kind, fields, text.slice(mark + metadataMark.length));
    case "DELETED":
    case "EXPIRED":
      return { kind, ...changeOf(fields), key: textOf(fields, "key") };
    case "NAMESPACE_CLEARED":
      return { kind, ...changeOf(fields) };
    case "CAUGHT_UP":
      return parseEnd(fields);
    default:
      throw new LineFault(`There is no kind ${JSON.stringify(kind)}.`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** @param raw from the metadata on */
function parseEntry(kind: EntryLine["kind"], fields: Fields, raw: string): EntryLine {
  const metadataEnd = objectEnd(raw);
  if (!raw.startsWith(valueMark, metadataEnd) || !raw.endsWith("}")) {
    throw new LineFault(
      "metadata, an object, and value must be its last members, without spaces around.",
    );
  }
  const metadata = raw.slice(0, metadataEnd);
  const value = raw.slice(metadataEnd + valueMark.length, -1);
  const parsed = { metadata: parseObject("metadata", metadata), value: parseJson("value", value) };
  for (const [name, json] of Object.entries(parsed)) {
    checked(() => checkJson(lineLimits, name, json));
  }
  const key = textOf(fields, "key");
  return {
    kind,
    entry: {
      namespace: textOf(fields, "namespace"),
      key,
      value,
      metadata,
      revision: revisionOf(fields, "revision"),
      createdRevision: revisionOf(fields, "createdRevision"),
      createdAt: timeOf(fields, "createdAt"),
      updatedAt: timeOf(fields, "updatedAt"),
      createdBy: orNull(textOf)(fields, "createdBy"),
      updatedBy: orNull(textOf)(fields, "updatedBy"),
      expiresAt: orNull(timeOf)(fields, "expiresAt"),
      ...unclaimed,
      claimAttempt: countOf(fields, "claimAttempt"),
      isCompleted: flagOf(fields, "isCompleted"),
      sizeBytes: Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(metadata),
    },
  };
}

function parseEnd(fields: Fields): EndLine {
  return {
    kind: "CAUGHT_UP",
    revision: revisionOf(fields, "revision"),
    existing: countOf(fields, "existing"),
    changes: countOf(fields, "changes"),
    sha256: textOf(fields, "sha256"),
  };
}

/** Where the object ends that the text begins with; whether it is one, its own parser sees. */
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
  throw new LineFault("metadata has no end.");
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new LineFault("It is not UTF-8.");
  }
}

function parseJson(what: string, json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new LineFault(`${what} is no JSON: ${(error as Error).message}`);
  }
}

function parseObject(what: string, json: string): Fields {
  const value = parseJson(what, json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new LineFault(`${what} is no JSON object.`);
}

function changeOf(fields: Fields) {
  return { revision: revisionOf(fields, "revision"), namespace: textOf(fields, "namespace") };
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new LineFault(`${name} must be text.`);
}

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === "boolean") return value;
  throw new LineFault(`${name} must be true or false.`);
}

function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new LineFault(`${name} must be a whole number.`);
}

/** No store comes to it: a thousand changes a second for thirty years. */
const mostRevision = 2n ** 40n;

function revisionOf(fields: Fields, name: string): bigint {
  const text = textOf(fields, name);
  if (/^(0|[1-9]\d{0,18})$/.test(text) && BigInt(text) < mostRevision) return BigInt(text);
  throw new LineFault(`${name} must be a revision, as decimal text.`);
}

function timeOf(fields: Fields, name: string): Date {
  const time = new Date(textOf(fields, name));
  if (!Number.isNaN(time.getTime()) && time.toISOString() === fields[name]) return time;
  throw new LineFault(`${name} must be a time such as 2026-01-31T12:00:00.000Z.`);
}

function orNull<T>(read: (fields: Fields, name: string) => T) {
  return (fields: Fields, name: string): T | null =>
    fields[name] === null ? null : read(fields, name);
}
