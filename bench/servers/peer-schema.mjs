// The schema of the peers that serve `entry` from Baton's own SQLite file, as a small GraphQL server would define it.

export const typeDefs = `
  scalar JSON
  type Query { entry(namespace: String! = "default", key: String!): Entry }
  type Entry { namespace: String! key: String! value: JSON metadata: JSON! revision: String! }
`;

/** The user whose entries they read: the one that `baton serve` creates. */
export const userId = "local";

/**
 * @param {{ namespace: string, key: string, value: string, metadata: string, revision: bigint | number } | null |
 * undefined} row
 */
export function entryOf(row) {
  if (!row) return null;
  return {
    ...row,
    value: JSON.parse(row.value),
    metadata: JSON.parse(row.metadata),
    revision: String(row.revision),
  };
}
