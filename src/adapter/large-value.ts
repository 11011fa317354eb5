import { base64Of, bytesOf } from "./base64.ts";

/** Larger values, in bytes of JSON, are stored in parts. Baton's limit is 1 MiB. */
const maxInlineBytes = 1_000_000;
/** Bytes of one part, before base64 makes 4 bytes of 3. */
const partBytes = 720_000;

/** One key to set. */
export interface KeyToSet {
  readonly key: string;
  readonly value: unknown;
}

/** A value that is ready to be stored: its entry, and the parts that must be stored before it. */
export interface StorableValue {
  readonly entry: KeyToSet;
  readonly parts: readonly KeyToSet[];
}

/** The stored value of an entry whose own value is stored in parts. */
interface PartsReference {
  readonly parts: { readonly id: string; readonly count: number };
}

/** Prepares a value of any size. If it needs parts, each part has a separate key in the same namespace. */
export function storable(key: string, value: object): StorableValue {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  // A value that looks like a reference to parts is stored in parts, so that it is not mistaken for one.
  if (bytes.length <= maxInlineBytes && !isReference(value)) {
    return { entry: { key, value }, parts: [] };
  }
  const id = crypto.randomUUID();
  const count = Math.ceil(bytes.length / partBytes);
  const parts = Array.from({ length: count }, (_, index) => ({
    key: partKey(id, index),
    value: base64Of(bytes.subarray(index * partBytes, (index + 1) * partBytes)),
  }));
  const reference: PartsReference = { parts: { id, count } };
  return { entry: { key, value: reference }, parts };
}

/** Keys of the parts of a stored value; empty if it is stored whole. */
export function partKeys(value: unknown): string[] {
  if (!isReference(value)) return [];
  const { id, count } = value.parts;
  return Array.from({ length: count }, (_, index) => partKey(id, index));
}

/** Restores the original value. Returns undefined if a part is missing because the value was deleted at the same time. */
export function restored(value: unknown, parts: ReadonlyMap<string, unknown>): unknown {
  if (!isReference(value)) return value;
  const found = partKeys(value).map((key) => parts.get(key));
  if (!found.every((part) => typeof part === "string")) return undefined;
  const decoder = new TextDecoder();
  const texts = found.map((part) => decoder.decode(bytesOf(part), { stream: true }));
  return JSON.parse(texts.join("") + decoder.decode());
}

function partKey(id: string, index: number): string {
  return `part/${id}/${String(index).padStart(6, "0")}`;
}

function isReference(value: unknown): value is PartsReference {
  if (typeof value !== "object" || value === null) return false;
  const { parts, ...others } = value as { parts?: unknown };
  if (typeof parts !== "object" || parts === null || Object.keys(others).length > 0) return false;
  const { id, count } = parts as Partial<PartsReference["parts"]>;
  return typeof id === "string" && typeof count === "number";
}
