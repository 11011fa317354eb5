/** The tokens that can come next in a JSON text. */
type Expected = "value" | "value or ]" | "name" | "name or }" | ":" | ", or }" | ", or ]" | "end";

const space = /[ \t\n\r]*/y;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
// eslint-disable-next-line no-control-regex -- JSON strings contain no control characters.
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/**
 * Describes where a text stops being JSON. Messages of Node differ between versions, and some do not give the position.
 * @param text must not be valid JSON
 */
export function describeJsonError(text: string): string {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = 0;
  const afterValue = (): Expected =>
    open.length === 0 ? "end" : open.at(-1) === "{" ? ", or }" : ", or ]";
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  for (;;) {
    skip(space);
    const character = text[at];
    const closes = character === "}" || character === "]" ? character : null;
    if (closes !== null && expected.endsWith(closes)) {
      open.pop();
      at++;
      expected = afterValue();
    } else if (expected.startsWith("value")) {
      if (character === "{" || character === "[") {
        open.push(character);
        at++;
        expected = character === "{" ? "name or }" : "value or ]";
      } else if (skip(string) || skip(scalar)) {
        expected = afterValue();
      } else {
        return describe(text, at, expected);
      }
    } else if (expected.startsWith("name") && skip(string)) {
      expected = ":";
    } else if (expected === ":" && character === ":") {
      at++;
      expected = "value";
    } else if (expected.startsWith(", or") && character === ",") {
      at++;
      expected = open.at(-1) === "{" ? "name" : "value";
    } else {
      return describe(text, at, expected);
    }
  }
}

const names: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": "a value or ]",
  name: 'a name in "',
  "name or }": 'a name in " or }',
  ":": ":",
  ", or }": ", or }",
  ", or ]": ", or ]",
  end: "the end",
};

/** How many characters of an unexpected word are shown. */
const shownLength = 20;

function describe(text: string, at: number, expected: Expected): string {
  const lines = text.slice(0, at).split("\n");
  const column = [...(lines.at(-1) as string)].length + 1;
  const [word = ""] = /^(?:\w+|.)/su.exec(text.slice(at, at + shownLength)) ?? [];
  const found =
    word === ""
      ? "it ends"
      : word === '"'
        ? "there is a string that is not terminated or has an invalid escape"
        : `there is ${JSON.stringify(word)}`;
  return `at line ${lines.length}, column ${column}: expected ${names[expected]}, but ${found}`;
}
