import { badUserInput } from "../errors.ts";
import type { Place } from "../store/model/place.ts";

/** A template of RFC 6570: all characters that are not unreserved are escaped. */
export const resourceTemplate = "baton://{namespace}/{key}";

export function resourceUri({ namespace, key }: Place): string {
  return `baton://${escaped(namespace)}/${escaped(key)}`;
}

/**
 * Reads the URI of an entry. Slashes in the key can be unescaped.
 * @throws BAD_USER_INPUT
 */
export function parseResourceUri(uri: string): Place {
  const [, namespace = "", key = ""] = /^baton:\/\/([^/]+)\/(.+)$/su.exec(uri) ?? [];
  try {
    if (key !== "")
      return { namespace: decodeURIComponent(namespace), key: decodeURIComponent(key) };
  } catch {
    // An incomplete escape sequence.
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
