// The operations that callers of Baton send.

export const setEntry = `mutation ($key: String!, $value: JSON!) {
  setEntry(input: { key: $key, value: $value }) { revision }
}`;

export const readEntry = `query ($key: String!) { entry(key: $key) { key value revision } }`;

export const setEntries = `mutation ($namespace: String!, $entries: [SetEntriesItem!]!) {
  setEntries(input: { namespace: $namespace, entries: $entries }) { revision }
}`;

export const entryChanged = `subscription { entryChanged { kind key revision entry { value } } }`;

/** The body of an HTTP request. */
export const bodyOf = (query, variables) => JSON.stringify({ query, variables });

/** The headers of a caller. */
export const headersOf = ({ token }) => ({ authorization: `Bearer ${token}` });
