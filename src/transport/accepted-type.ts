/** The media types of a result that is one JSON document. */
export type ResultType = "application/json" | "application/graphql-response+json";

/** Headers that were read already: clients send few different ones. */
const known = new Map<string, ResultType | null>();
const maxKnown = 100;

/**
 * The type of result that an `Accept` header asks for: the first in its list that is one of ours. Weights do not count.
 * Without a header it is JSON.
 * @returns null when it accepts none of them
 */
export function acceptedType(accept: string | undefined): ResultType | null {
  if (accept === undefined || accept === "") return "application/json";
  const found = known.get(accept);
  if (found !== undefined) return found;
  const type = firstAccepted(accept);
  if (known.size < maxKnown) known.set(accept, type);
  return type;
}

function firstAccepted(accept: string): ResultType | null {
  for (const range of accept.replaceAll(/\s/g, "").toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";");
    const charset = parameters.find((parameter) => parameter.includes("charset="));
    if (charset !== undefined && charset !== "charset=utf-8") continue;
    switch (type) {
      case "application/json":
      case "application/graphql-response+json":
        return type;
      case "application/*":
      case "*/*":
        return "application/json";
    }
  }
  return null;
}
