import { JsonText } from "./json-text.ts";

/**
 * Writes a value like `JSON.stringify`, but writes each `JsonText` as its text. It is faster than `JSON.stringify` with the
 * parsed values of the same result.
 */
export function writeJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return plainText.test(value) ? `"${value}"` : JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (value instanceof JsonText) return value.text;
      if (Array.isArray(value)) return writeArray(value);
      if ("toJSON" in value && typeof value.toJSON === "function") return writeJson(value.toJSON());
      return writeObject(value as Readonly<Record<string, unknown>>);
    case "bigint":
      throw new TypeError("JSON cannot represent a bigint.");
    default:
      return "null";
  }
}

function writeArray(items: readonly unknown[]): string {
  if (items.length === 0) return "[]";
  let text = "[";
  for (let index = 0; index < items.length; index++) {
    text += (index === 0 ? "" : ",") + writeJson(items[index]);
  }
  return `${text}]`;
}

function writeObject(value: Readonly<Record<string, unknown>>): string {
  let text = "{";
  let separator = "";
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined || typeof member === "function" || typeof member === "symbol")
      continue;
    text += `${separator}${writeName(name)}${writeJson(member)}`;
    separator = ",";
  }
  return `${text}}`;
}

/** Writes a name with its colon. There are few names, which repeat, so the results are kept. */
export function writeName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const written = `${JSON.stringify(name)}:`;
  if (names.size < maxKnownNames) names.set(name, written);
  return written;
}

const maxKnownNames = 1_000;
const names = new Map<string, string>();
/** A short text without escapes, such as times, revisions and most keys. */
const plainText = /^[ !#-[\]-~]{0,64}$/;
