// The expected results of increment, patch and append. `undefined` stands for an absent entry, and for a refusal.

type Json = Record<string, unknown>;

export function incremented(before: unknown, { by, path }: { by: number; path: string }): unknown {
  // In a box, so that the value itself is handled like any other member.
  const box: Json = { value: structuredCloneOf(before) };
  let parent: unknown = box;
  const members = ["value", ...path.split("/").slice(1)];
  const last = members.pop() as string;
  for (const member of members) {
    if (Array.isArray(parent) && !Object.hasOwn(parent, member)) return undefined;
    const child = at(parent, member) ?? (has(parent, member) ? null : {});
    if (typeof child !== "object" || child === null) return undefined;
    put(parent as Json, member, child);
    parent = child;
  }
  if (Array.isArray(parent) && !Object.hasOwn(parent, last)) return undefined;
  const number = has(parent, last) ? at(parent, last) : 0;
  if (typeof number !== "number" || !Number.isFinite(number + by)) return undefined;
  put(parent as Json, last, number + by);
  return box.value;
}

/** Follows RFC 7396 line by line. */
export function patched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(target) ? { ...target } : {};
  for (const name of Object.keys(patch)) {
    if (patch[name] === null) delete result[name];
    else put(result, name, patched(at(result, name), patch[name]));
  }
  return result;
}

export function appended(
  before: unknown,
  { value, maxLength = Number.POSITIVE_INFINITY }: { value: unknown; maxLength?: number },
): unknown {
  if (before !== undefined && !Array.isArray(before)) return undefined;
  const items = [...(before ?? []), value];
  while (items.length > maxLength) items.shift();
  return items;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function has(parent: unknown, member: string): boolean {
  return Object.hasOwn(parent as Json, member) && (parent as Json)[member] !== undefined;
}

function at(parent: unknown, member: string): unknown {
  return Object.hasOwn(parent as Json, member) ? (parent as Json)[member] : undefined;
}

/** A member can have the name `__proto__`. */
function put(parent: Json, member: string, value: unknown): void {
  Object.defineProperty(parent, member, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

function structuredCloneOf(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
