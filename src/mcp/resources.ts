import { ResourceNotFoundError } from "@modelcontextprotocol/server";
import { badUserInput } from "../errors.ts";
import type { Place } from "../store/model/place.ts";
import { parseResourceUri, resourceTemplate, resourceUri } from "./resource-uri.ts";
import type { McpCall } from "./tool.ts";

// Entries as the protocol's resources, which a person chooses to show to a model.

const mimeType = "application/json";
const pageSize = 100;

export const resourceTemplates = [
  {
    uriTemplate: resourceTemplate,
    name: "entry",
    title: "Entry",
    description: "The value of a key in a namespace.",
    mimeType,
  },
];

/** Lists all entries that the caller can read, page by page. */
export async function listResources({ store, session }: McpCall, cursor: string | undefined) {
  const after = cursor === undefined ? null : placeOf(cursor);
  const first = Math.min(pageSize, store.limits.maxPageSize);
  const page = await store.entries.listHeads(session.viewer, { first, after });
  const last = page.items.at(-1);
  return {
    resources: page.items.map(({ namespace, key, updatedBy, updatedAt }) => ({
      uri: resourceUri({ namespace, key }),
      name: key,
      description: `In namespace ${namespace}${updatedBy === null ? "" : `, by ${updatedBy}`}.`,
      mimeType,
      annotations: { lastModified: updatedAt.toISOString() },
    })),
    ...(page.hasMore && last ? { nextCursor: cursorOf(last) } : {}),
  };
}

/**
 * Reads the whole value of an entry. A client reads a resource, and decides how much of it to show.
 * @throws ResourceNotFoundError
 */
export async function readResource({ store, session }: McpCall, uri: string) {
  const { namespace, key } = placeAt(uri);
  const entry = await store.entries.read(session.viewer, namespace, key);
  if (!entry) throw new ResourceNotFoundError(uri);
  return { contents: [{ uri, mimeType, text: entry.value }] };
}

/** @throws ResourceNotFoundError, also for a URI of another form, as the protocol requires */
function placeAt(uri: string): Place {
  try {
    return parseResourceUri(uri);
  } catch (error) {
    throw new ResourceNotFoundError(uri, (error as Error).message);
  }
}

function cursorOf({ namespace, key }: Place): string {
  return Buffer.from(JSON.stringify([namespace, key])).toString("base64url");
}

/** @throws BAD_USER_INPUT */
function placeOf(cursor: string): Place {
  try {
    const [namespace, key]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (typeof namespace === "string" && typeof key === "string") return { namespace, key };
  } catch {
    // The cursor is not valid.
  }
  throw badUserInput("cursor", "Must be the nextCursor of the previous page.");
}
