/** The media types of a result that is one JSON document. */
export type ResultType = "application/json" | "application/graphql-response+json";

/** The results for headers that were read before. Clients send few different headers. */
const known = new Map<string, ResultType | null>();
const maxKnown = 100;

/**
 * Returns the first supported type in an `Accept` header, or JSON without a header. Weights are ignored.
 * @returns null if the header accepts no supported type
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
