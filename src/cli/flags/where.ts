import { InvalidArgumentError, Option } from "commander";
import type { ValueCondition } from "../../client/index.ts";
import { parseJsonText, type JsonText } from "../../json/json-text.ts";

/** The operators by their symbols. */
const operators: Readonly<Record<string, ValueCondition["op"]>> = {
  "=": "EQ",
  "!=": "NE",
  ">": "GT",
  ">=": "GTE",
  "<": "LT",
  "<=": "LTE",
};

/** `--where`, which selects entries by their values. It can be repeated. */
export function whereOption(): Option {
  return new Option(
    "--where <condition>",
    'only values that meet this condition: PATH = JSON, also != > >= < <=, or "PATH exists"; can be repeated',
  ).argParser(parseWhere);
}

/** @throws InvalidArgumentError */
function parseWhere(text: string, before: readonly ValueCondition[] = []): ValueCondition[] {
  return [...before, conditionOf(text)];
}

function conditionOf(text: string): ValueCondition {
  const [, path = "", word] = /^(\S*)\s+(exists|missing)\s*$/.exec(text) ?? [];
  if (word !== undefined) return { path, op: "EXISTS", value: word === "exists" };
  const found = /^(\S*)\s+(=|!=|>=|<=|>|<)\s+(.+)$/s.exec(text);
  const op = operators[found?.[2] ?? ""];
  if (!found || !op) {
    throw new InvalidArgumentError(
      'A condition is a JSON Pointer, an operator and JSON, such as \'/state = "open"\' or "/error exists".',
    );
  }
  return { path: found[1], op, value: valueOf(found[3] as string) };
}

function valueOf(text: string): JsonText {
  try {
    return parseJsonText(text);
  } catch {
    throw new InvalidArgumentError(
      `${text} is not JSON. A string needs quotes: '/state = "open"'.`,
    );
  }
}
