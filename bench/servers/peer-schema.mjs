// The schema of the peers that answer `entry` from Baton's own SQLite file: what a small GraphQL server over it would have.

export const typeDefs = `
  scalar JSON
  type Query { entry(namespace: String! = "default", key: String!): Entry }
  type Entry { namespace: String! key: String! value: JSON metadata: JSON! revision: String! }
`;

/** Whose entries they read: the user that `baton serve` makes. */
export const userId = "local";

/** @param {{ namespace: string, key: string, value: string, metadata: string, revision: bigint | number } | null | undefined} row */
export function entryOf(row) {
  if (!row) return null;
  return {
    ...row,
    value: JSON.parse(row.value),
    metadata: JSON.parse(row.metadata),
    revision: String(row.revision),
  };
}
