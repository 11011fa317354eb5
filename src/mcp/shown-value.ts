import { JsonText } from "../json/json-text.ts";
import type { Entry } from "../store/model/entry.ts";

/** Of one value that was asked for: some 4,000 tokens. In UTF-16 units of its JSON. */
export const maxShownUnits = 16_000;
/** Of a value that is one of several, or that is shown beside something else. */
export const maxGlimpseUnits = 1_000;

/** A value, or the part of its JSON text that fits, and how to get the rest. */
export type ShownValue =
  | { readonly value: JsonText }
  | {
      /** A part of the value's JSON text. It is a string, as a part of JSON is not JSON. */
      readonly valuePart: string;
      /** Where it begins in that text. */
      readonly offset: number;
      readonly totalCharacters: number;
      readonly next: string;
    };

/**
 * Shows a value from `offset` on.
 * @param next says how to get the rest, which begins at the offset that it is given
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

/** A glimpse of an entry's value, which `baton_get` shows in full. */
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

/** The end, or the unit before it where it would cut a surrogate pair. */
function withoutCutPair(json: string, end: number): number {
  const last = json.charCodeAt(end - 1);
  return end < json.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}
