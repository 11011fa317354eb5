import { endOfValue, itemBegins, membersAt } from "./value-parts.ts";

/**
 * Returns the text of a part of a value.
 * @param json the text of a `JsonText`
 * @param members the result of `parseJsonPointer`: names of members, and indexes of items
 * @returns null if the part does not exist
 */
export function partOf(json: string, members: readonly string[]): string | null {
  let begin = 0;
  for (const name of members) {
    const at = childAt(json, begin, name);
    if (at === null) return null;
    begin = at;
  }
  return json.slice(begin, endOfValue(json, begin));
}

function childAt(json: string, begin: number, name: string): number | null {
  if (json[begin] === "[") {
    return /^(0|[1-9]\d{0,15})$/.test(name)
      ? (itemBegins(json, begin)[Number(name)] ?? null)
      : null;
  }
  if (json[begin] !== "{") return null;
  for (const member of membersAt(json, begin)) {
    if (member.name === name) return member.begin;
  }
  return null;
}
