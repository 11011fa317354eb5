import { JsonText, parseJsonText } from "../../json/json-text.ts";
import { decodeString, endOfValue, itemBegins, membersAt } from "../../json/value-parts.ts";
import { writeJson } from "../../json/write-json.ts";

/** The members of a response that are printed exactly as they are stored. */
const exactNames = new Set(["value", "metadata", "currentValue"]);

/** Reads and writes values and metadata as `JsonText`, so that they are printed and sent unchanged. */
export const exactJson = {
  stringify: writeJson,
  parse(text: string): unknown {
    const json = parseJsonText(text).text;
    return read(json, 0, json.length);
  },
};

function read(text: string, begin: number, end: number): unknown {
  switch (text[begin]) {
    case "{": {
      const members: [string, unknown][] = [];
      for (const member of membersAt(text, begin)) {
        const { name } = member;
        const value = exactNames.has(name)
          ? new JsonText(text.slice(member.begin, member.end))
          : read(text, member.begin, member.end);
        members.push([name, value]);
      }
      return Object.fromEntries(members);
    }
    case "[":
      return itemBegins(text, begin).map((item) => read(text, item, endOfValue(text, item)));
    case '"':
      return decodeString(text.slice(begin, end));
    default:
      return JSON.parse(text.slice(begin, end));
  }
}
