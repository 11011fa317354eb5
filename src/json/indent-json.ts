import { membersAt, itemBegins, endOfValue } from "./value-parts.ts";

/** The text of a `JsonText` on several lines, with an indent of two spaces per level, like `JSON.stringify(value, null, 2)`. */
export function indentJson(text: string): string {
  return indented(text, "\n");
}

/** @param lineEnd a line end, and the indent of the next line */
function indented(text: string, lineEnd: string): string {
  if (text === "{}" || text === "[]") return text;
  const inner = `${lineEnd}  `;
  switch (text[0]) {
    case "{": {
      const members: string[] = [];
      for (const { nameText, begin, end } of membersAt(text, 0)) {
        members.push(`${nameText}: ${indented(text.slice(begin, end), inner)}`);
      }
      return `{${inner}${members.join(`,${inner}`)}${lineEnd}}`;
    }
    case "[": {
      const items = itemBegins(text, 0).map((begin) =>
        indented(text.slice(begin, endOfValue(text, begin)), inner),
      );
      return `[${inner}${items.join(`,${inner}`)}${lineEnd}]`;
    }
    default:
      return text;
  }
}
