/** What the editor of variables accepts for each scalar of the API that GraphQL does not define: types of JSON Schema. */
const scalarSchemas = {
  JSON: { type: ["object", "array", "string", "number", "boolean"] },
  Revision: { type: ["string", "integer"] },
};

/** What is replaced in the worker. GraphiQL has no settings for these. */
const replacements = [
  // It would mark every object and array that is given for a JSON value as an error.
  ["scalarSchemas: schema.customScalarSchemas", `scalarSchemas: ${JSON.stringify(scalarSchemas)}`],
  // It would mark a field as missing that has a default.
  ["if (fieldRequired) {", "if (fieldRequired && isRequiredInputField(field)) {"],
] as const;

/**
 * The worker that says what variables may be, with what it must know of the API.
 * @throws Error when the worker is another version, in which a place to change is not found once
 */
export function adaptWorker(worker: Uint8Array): string {
  let text = new TextDecoder().decode(worker);
  for (const [old, replacement] of replacements) {
    const [before, after, ...more] = text.split(old);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`GraphiQL's worker does not have this once: ${old}`);
    }
    text = before + replacement + after;
  }
  return text;
}
