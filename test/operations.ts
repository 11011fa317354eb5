import { query } from "./client.ts";

/** The operations that most tests speak in. */

type Server = { readonly url: string; readonly token: string };
type Options = { readonly token?: string; readonly agent?: string };

export const entryFields =
  "namespace key value metadata revision createdRevision createdAt updatedAt createdBy updatedBy sizeBytes";

export async function set(
  server: Server,
  input: {
    namespace?: string;
    key: string;
    value: unknown;
    metadata?: unknown;
    ifRevision?: string;
  },
  options: Options = {},
): Promise<Record<string, any>> {
  const data = await query(
    server,
    `mutation ($input: SetEntryInput!) { setEntry(input: $input) { revision entry { ${entryFields} } } }`,
    { input },
    options,
  );
  return data.setEntry;
}

export async function setMany(
  server: Server,
  namespace: string,
  entries: readonly { key: string; value: unknown; ifRevision?: string }[],
): Promise<Record<string, any>> {
  const data = await query(
    server,
    `mutation ($input: SetEntriesInput!) { setEntries(input: $input) { revision entries { key revision } } }`,
    { input: { namespace, entries } },
  );
  return data.setEntries;
}

export async function remove(
  server: Server,
  input: { namespace?: string; key: string; ifRevision?: string },
): Promise<Record<string, any>> {
  const data = await query(
    server,
    `mutation ($input: DeleteEntryInput!) { deleteEntry(input: $input) { deleted revision } }`,
    { input },
  );
  return data.deleteEntry;
}

export async function clear(server: Server, namespace: string): Promise<Record<string, any>> {
  const data = await query(
    server,
    `mutation ($namespace: String!) { clearNamespace(input: { namespace: $namespace }) { clearedCount revision } }`,
    { namespace },
  );
  return data.clearNamespace;
}

export async function get(
  server: Server,
  key: string,
  namespace = "default",
  options: Options = {},
): Promise<Record<string, any> | null> {
  const data = await query(
    server,
    `query ($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { ${entryFields} } }`,
    { namespace, key },
    options,
  );
  return data.entry;
}

export async function headRevision(server: Server): Promise<string> {
  return (await query(server, "{ viewer { headRevision } }")).viewer.headRevision;
}

/** Every item of a connection, page by page to its end. */
export async function allPages(
  server: Server,
  field: string,
  argumentsText: string,
  itemFields: string,
  first: number,
  options: Options = {},
): Promise<{ items: Record<string, any>[]; pages: number }> {
  const items: Record<string, any>[] = [];
  const type = field === "changes" ? "Revision" : "String";
  for (let after: string | null = null, pages = 1; ; pages++) {
    const data = await query(
      server,
      `query ($first: Int, $after: ${type}) {
        page: ${field}(${argumentsText} first: $first, after: $after) {
          nodes { ${itemFields} } edges { cursor } pageInfo { hasNextPage endCursor }
        }
      }`,
      { first, after },
      options,
    );
    const { nodes, edges, pageInfo } = data.page;
    items.push(...nodes);
    if (nodes.length > first) throw new Error(`A page of ${first} has ${nodes.length} items.`);
    if (edges.length > 0 && edges.at(-1).cursor !== pageInfo.endCursor) {
      throw new Error("endCursor is not the last edge's cursor.");
    }
    if (!pageInfo.hasNextPage) return { items, pages };
    after = pageInfo.endCursor;
  }
}

/** The whole log. */
export async function wholeLog(server: Server): Promise<Record<string, any>[]> {
  const fields = "kind revision namespace key agent entry { value revision }";
  return (await allPages(server, "changes", "", fields, 500)).items;
}
