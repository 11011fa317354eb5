// Every operation that the client sends. A test holds them against schema.graphql.

const entryFields = `namespace key value metadata revision createdRevision createdAt updatedAt
  createdBy updatedBy expiresAt sizeBytes`;
const changeFields = `kind revision namespace key agent at entry { ${entryFields} }`;

/** A mutation of one input, and what is asked of its payload. */
function mutation(name: string, inputType: string, selection: string): string {
  return `mutation ($input: ${inputType}!) { ${name}(input: $input) { ${selection} } }`;
}

export const viewerDocument = `query {
  viewer {
    user agent scopes namespacePatterns headRevision
    limits { maxKeyBytes maxNamespaceBytes maxAgentBytes maxValueBytes maxValueDepth maxMetadataBytes maxBatchOperations maxClearedNamespaces maxLeaseSeconds maxAwaitSeconds maxBodyBytes maxResponseBytes }
  }
}`;

export const usageDocument = "query { viewer { usage { entryCount namespaceCount sizeBytes } } }";

export const headDocument = "query { viewer { headRevision } }";

export const entryDocument = `query ($namespace: String!, $key: String!) {
  entry(namespace: $namespace, key: $key) { ${entryFields} }
}`;

export const valueDocument = `query ($namespace: String!, $key: String!) {
  entry(namespace: $namespace, key: $key) { value }
}`;

export const entriesDocument = `query (
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $keys: [String!], $first: Int, $after: String
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, keys: $keys, first: $first, after: $after
  ) { nodes { ${entryFields} } pageInfo { hasNextPage endCursor } }
}`;

export const keysDocument = `query ($namespace: String!, $keyPrefix: String, $first: Int, $after: String) {
  page: entries(namespace: $namespace, keyPrefix: $keyPrefix, first: $first, after: $after) {
    nodes { key } pageInfo { hasNextPage endCursor }
  }
}`;

export const namespacesDocument = `query ($namespacePrefix: String, $first: Int, $after: String) {
  page: namespaces(prefix: $namespacePrefix, first: $first, after: $after) {
    nodes { name entryCount sizeBytes updatedAt agents } pageInfo { hasNextPage endCursor }
  }
}`;

export const namespaceDocument = `query ($name: String!) {
  namespace(name: $name) { name entryCount sizeBytes updatedAt agents }
}`;

export const historyDocument = `query ($namespace: String!, $key: String!, $first: Int, $after: Revision) {
  page: changes(namespace: $namespace, key: $key, first: $first, after: $after) {
    nodes { ${changeFields} } pageInfo { hasNextPage endCursor }
  }
}`;

export const searchDocument = `query ($text: String!, $namespacePrefix: String, $first: Int, $after: String) {
  page: searchEntries(text: $text, namespacePrefix: $namespacePrefix, first: $first, after: $after) {
    nodes { snippet match { path before text after } entry { ${entryFields} } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const firstChangeDocument = `query (
  $namespace: String, $namespacePrefix: String, $key: String, $keyPrefix: String, $after: Revision
) {
  changes(
    namespace: $namespace, namespacePrefix: $namespacePrefix, key: $key, keyPrefix: $keyPrefix, after: $after, first: 1
  ) { nodes { revision } }
}`;

export const awaitEntryDocument = `query ($namespace: String!, $key: String!, $after: Revision, $timeoutSeconds: Int) {
  awaitEntry(namespace: $namespace, key: $key, after: $after, timeoutSeconds: $timeoutSeconds) { ${entryFields} }
}`;

export const entryChangedDocument = `subscription (
  $namespace: String, $namespacePrefix: String, $key: String, $keyPrefix: String, $after: Revision, $snapshot: Boolean
) {
  entryChanged(
    namespace: $namespace, namespacePrefix: $namespacePrefix, key: $key, keyPrefix: $keyPrefix
    after: $after, snapshot: $snapshot
  ) { ${changeFields} }
}`;

export const setEntryDocument = mutation("setEntry", "SetEntryInput", "entry { revision }");
export const setEntriesDocument = mutation(
  "setEntries",
  "SetEntriesInput",
  "entries { key revision }",
);
export const deleteEntryDocument = mutation("deleteEntry", "DeleteEntryInput", "deleted");
export const clearNamespaceDocument = mutation(
  "clearNamespace",
  "ClearNamespaceInput",
  "clearedCount",
);
export const clearNamespacesDocument = mutation(
  "clearNamespaces",
  "ClearNamespacesInput",
  "clearedCount",
);
export const incrementEntryDocument = mutation(
  "incrementEntry",
  "IncrementEntryInput",
  `entry { ${entryFields} }`,
);
export const patchEntryDocument = mutation(
  "patchEntry",
  "PatchEntryInput",
  `entry { ${entryFields} }`,
);
export const appendToEntryDocument = mutation(
  "appendToEntry",
  "AppendToEntryInput",
  `entry { ${entryFields} }`,
);
export const replaceEntryDocument = mutation(
  "setEntry",
  "SetEntryInput",
  `entry { ${entryFields} }`,
);
export const transactDocument = mutation(
  "transact",
  "TransactInput",
  `revision results { entry { ${entryFields} } deleted clearedCount }`,
);
export const claimEntryDocument = mutation(
  "claimEntry",
  "ClaimEntryInput",
  `revision entry { ${entryFields} } claim { token expiresAt attempt }`,
);
export const renewClaimDocument = mutation("renewClaim", "RenewClaimInput", "revision");
export const releaseClaimDocument = mutation("releaseClaim", "ReleaseClaimInput", "revision");
export const completeClaimDocument = mutation(
  "completeClaim",
  "CompleteClaimInput",
  `entry { ${entryFields} }`,
);
