/**
 * Reads a JSON Pointer (RFC 6901): `/a/b` is member `b` of member `a`, `~1` stands for `/` and `~0` for `~`, and the
 * empty pointer is the whole value.
 * @returns its members; null if it is not a JSON Pointer
 */
export function parseJsonPointer(pointer: string): string[] | null {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split("/")
    .map((member) => member.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Reverses `parseJsonPointer`, to name a place in a message. */
export function formatJsonPointer(members: readonly string[]): string {
  return members.map((member) => `/${member.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
