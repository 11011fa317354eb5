// @ts-check
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const thisRepository = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The namespace that holds a folder's files; two folders of the same name need one given.
 * @param {string} [folder] @param {string} [name]
 */
export function repositoryOf(folder = thisRepository, name = basename(resolve(folder))) {
  return { folder: resolve(folder), namespace: `repository:${name}` };
}

/**
 * Every entry of a namespace, page by page.
 * @param {import("../baton-client.mjs").Baton} baton
 * @param {string} namespace
 * @param {string} fields of each entry, as GraphQL; what is not asked for is not sent
 * @returns {AsyncGenerator<any, void>}
 */
export async function* listEntries(baton, namespace, fields) {
  const document = `query ($namespace: String!, $after: String) {
    entries(namespace: $namespace, after: $after) { nodes { ${fields} } pageInfo { endCursor hasNextPage } }
  }`;
  let page = { hasNextPage: true, endCursor: null };
  while (page.hasNextPage) {
    const { entries } = await baton.query(document, { namespace, after: page.endCursor });
    yield* entries.nodes;
    page = entries.pageInfo;
  }
}
