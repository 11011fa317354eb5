/** Whether metadata has each member of a filter, with an equal value. */
export function matchesMetadata(
  metadata: unknown,
  filter: Readonly<Record<string, unknown>>,
): boolean {
  const members = Object.entries(filter);
  if (members.length === 0) return true;
  if (typeof metadata !== "object" || metadata === null) return false;
  return members.every(
    ([name, wanted]) =>
      Object.hasOwn(metadata, name) && isEqual((metadata as Record<string, unknown>)[name], wanted),
  );
}

/** Whether two values are equal as JSON. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        isEqual((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}
