/** The JSON Schema types that the editor of variables accepts for each custom scalar of the API. */
const scalarSchemas = {
  JSON: { type: ["object", "array", "string", "number", "boolean"] },
  Revision: { type: ["string", "integer"] },
};

/** Replacements in the worker's code. GraphiQL has no settings for these. */
const replacements = [
  // Otherwise it marks every object and array of a JSON value as an error.
  ["scalarSchemas: schema.customScalarSchemas", `scalarSchemas: ${JSON.stringify(scalarSchemas)}`],
  // Otherwise it marks a field with a default as missing.
  ["if (fieldRequired) {", "if (fieldRequired && isRequiredInputField(field)) {"],
] as const;

/**
 * The worker that checks variables in the editor, changed for the scalars of the API.
 * @throws Error if the worker is of another version, in which a text to replace does not occur exactly once
 */
export function adaptWorker(worker: Uint8Array): string {
  let text = new TextDecoder().decode(worker);
  for (const [old, replacement] of replacements) {
    const [before, after, ...more] = text.split(old);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`This text must occur exactly once in GraphiQL's worker: ${old}`);
    }
    text = before + replacement + after;
  }
  return text;
}
