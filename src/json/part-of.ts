import { endOfValue, itemBegin, memberBegin } from "./value-parts.ts";

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
  switch (json[begin]) {
    case "[":
      return /^(0|[1-9]\d{0,15})$/.test(name) ? itemBegin(json, begin, Number(name)) : null;
    case "{":
      return memberBegin(json, begin, name);
    default:
      return null;
  }
}
