import { JsonText } from "../json/json-text.ts";
import type { Entry } from "../store/model/entry.ts";

/** Maximum length of one requested value, in UTF-16 units of its JSON: about 4,000 tokens. */
export const maxShownUnits = 16_000;
/** Maximum length of a value that is one of several, or is shown with other information. */
export const maxGlimpseUnits = 1_000;

/** A value, or the part of its JSON text that fits, and how to get the rest. */
export type ShownValue =
  | { readonly value: JsonText }
  | {
      /** A part of the value's JSON text. It is a string, because a part of JSON is not valid JSON. */
      readonly valuePart: string;
      /** The offset of the part in that text. */
      readonly offset: number;
      readonly totalCharacters: number;
      readonly next: string;
    };

/**
 * Shows a value, beginning at `offset`.
 * @param next returns the text that says how to get the rest, which begins at the given offset
 */
export function shownValue(
  json: string,
  maxUnits: number,
  next: (offset: number) => string,
  offset = 0,
): ShownValue {
  if (offset === 0 && json.length <= maxUnits) return { value: new JsonText(json) };
  const end = withoutCutPair(json, Math.min(json.length, offset + maxUnits));
  return {
    valuePart: json.slice(offset, end),
    offset,
    totalCharacters: json.length,
    next: end < json.length ? next(end) : "This is the end of the value.",
  };
}

/** The beginning of an entry's value. `baton_get` shows the whole value. */
export function glimpse({ namespace, key, value }: Pick<Entry, "namespace" | "key" | "value">) {
  const place = `namespace ${JSON.stringify(namespace)} and key ${JSON.stringify(key)}`;
  return shownValue(
    value,
    maxGlimpseUnits,
    () => `The value is longer. Read it with baton_get: ${place}.`,
  );
}

/** An entry's place, revision, author and times, without its value. */
export function entryFacts(entry: Omit<Entry, "value">) {
  return {
    revision: String(entry.revision),
    updatedBy: entry.updatedBy ?? undefined,
    updatedAt: entry.updatedAt.toISOString(),
    expiresAt: entry.expiresAt?.toISOString(),
    metadata: entry.metadata === "{}" ? undefined : new JsonText(entry.metadata),
  };
}

/** The end, or the unit before it if the end would cut a surrogate pair. */
function withoutCutPair(json: string, end: number): number {
  const last = json.charCodeAt(end - 1);
  return end < json.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}
