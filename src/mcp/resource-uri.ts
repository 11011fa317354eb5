import { badUserInput } from "../errors.ts";
import type { Place } from "../store/model/place.ts";

/** As RFC 6570 has it: what is not unreserved is escaped. */
export const resourceTemplate = "baton://{namespace}/{key}";

export function resourceUri({ namespace, key }: Place): string {
  return `baton://${escaped(namespace)}/${escaped(key)}`;
}

/**
 * Reads the URI of an entry. A key's slashes need not be escaped.
 * @throws BAD_USER_INPUT
 */
export function parseResourceUri(uri: string): Place {
  const [, namespace = "", key = ""] = /^baton:\/\/([^/]+)\/(.+)$/su.exec(uri) ?? [];
  try {
    if (key !== "")
      return { namespace: decodeURIComponent(namespace), key: decodeURIComponent(key) };
  } catch {
    // Half of an escape.
  }
  throw badUserInput(
    "uri",
    `Must be of the form ${resourceTemplate}, each part escaped as in a URL; this is ${JSON.stringify(uri.slice(0, 200))}.`,
  );
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16)}`,
  );
}
