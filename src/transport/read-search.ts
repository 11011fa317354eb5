import type { GraphQLSchema } from "graphql";
import { badUserInput } from "../errors.ts";
import { JsonError } from "../json/json-error.ts";
import { parseJsonText } from "../json/json-text.ts";
import { readOperation, type Operation, type ReadLimits } from "./read-operation.ts";

/**
 * Reads the operation of a GET request.
 * @param search the text after the question mark of its URL
 * @returns null if there is no query, so that the request is for a page
 * @throws the same errors as `readOperation`
 */
export function readSearch(
  search: string,
  schema: GraphQLSchema,
  limits: ReadLimits,
): Operation | Promise<Operation> | null {
  const parameters = parametersOf(search);
  const query = parameters.get("query");
  if (!query) return null;
  const members = [`"query":${JSON.stringify(query)}`];
  const operationName = parameters.get("operationName");
  if (operationName) members.push(`"operationName":${JSON.stringify(operationName)}`);
  for (const name of ["variables", "extensions"]) {
    const json = parameters.get(name);
    if (json) members.push(`"${name}":${jsonParameter(name, json)}`);
  }
  return readOperation(`{${members.join(",")}}`, schema, limits);
}

/** The parameters; the first one of each name counts. */
function parametersOf(search: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of search.split("&")) {
    const [name = "", ...value] = part.split("=").map((text) => text.replaceAll("+", " "));
    try {
      const decoded = decodeURIComponent(name);
      if (!parameters.has(decoded)) parameters.set(decoded, decodeURIComponent(value.join("=")));
    } catch {
      throw badUserInput(name.slice(0, 100), "Must be UTF-8 with percent escapes.");
    }
  }
  return parameters;
}

function jsonParameter(name: string, json: string): string {
  try {
    parseJsonText(json);
  } catch (error) {
    // A value that cannot be kept is refused with its place in the variables.
    if (error instanceof JsonError && error.path.length === 0) {
      throw badUserInput(name, `Must be JSON. ${error.message}`);
    }
  }
  return json;
}
