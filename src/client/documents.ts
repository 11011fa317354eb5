// Every operation that the client sends. Each is named after the method that sends it, for the logs of both sides. A
// test validates them against schema.graphql.

const entryFields = `namespace key value metadata revision createdRevision createdAt updatedAt
  createdBy updatedBy expiresAt sizeBytes`;
const changeFields = `kind revision namespace key agent at entry { ${entryFields} }`;

/** Builds a mutation with one input and a selection of its payload. */
function mutation(call: string, name: string, inputType: string, selection: string): string {
  return `mutation ${call}($input: ${inputType}!) { ${name}(input: $input) { ${selection} } }`;
}

export const viewerDocument = `query viewer {
  viewer {
    user agent scopes namespacePatterns grants { scopes namespacePattern } headRevision epoch
    limits { maxKeyBytes maxNamespaceBytes maxAgentBytes maxValueBytes maxValueDepth maxMetadataBytes maxBatchOperations maxClearedNamespaces maxLeaseSeconds maxAwaitSeconds maxBodyBytes maxResponseBytes }
  }
}`;

export const usageDocument =
  "query usage { viewer { usage { entryCount namespaceCount sizeBytes } } }";

export const headDocument = "query watch { viewer { headRevision epoch } }";

export const entryDocument = `query entry($namespace: String!, $key: String!, $at: Revision, $atLeast: Revision) {
  entry(namespace: $namespace, key: $key, at: $at, atLeast: $atLeast) { ${entryFields} }
}`;

export const valueDocument = `query get($namespace: String!, $key: String!, $at: Revision, $atLeast: Revision) {
  entry(namespace: $namespace, key: $key, at: $at, atLeast: $atLeast) { value }
}`;

export const entriesDocument = `query entries(
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $keys: [String!], $first: Int, $after: String, $orderBy: EntryOrder
  $where: [ValueCondition!], $at: Revision, $atLeast: Revision
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, keys: $keys, first: $first, after: $after, orderBy: $orderBy
    where: $where, at: $at, atLeast: $atLeast
  ) { nodes { ${entryFields} } pageInfo { hasNextPage endCursor } }
}`;

export const keysDocument = `query keys($namespace: String!, $keyPrefix: String, $first: Int, $after: String) {
  page: entries(namespace: $namespace, keyPrefix: $keyPrefix, first: $first, after: $after) {
    nodes { key } pageInfo { hasNextPage endCursor }
  }
}`;

/** Builds a query that lists namespaces with a selection of each. */
function namespaces(call: string, selection: string): string {
  return `query ${call}(
  $namespacePrefix: String, $suffix: [String!], $segments: [String!], $depth: Int, $delimiter: String, $first: Int, $after: String
) {
  page: namespaces(
    prefix: $namespacePrefix, suffix: $suffix, segments: $segments, depth: $depth, delimiter: $delimiter, first: $first, after: $after
  ) { nodes { ${selection} } pageInfo { hasNextPage endCursor } }
}`;
}

export const namespacesDocument = namespaces(
  "namespaces",
  "name entryCount sizeBytes updatedAt agents",
);
export const namespaceNamesDocument = namespaces("namespaceNames", "name");

export const namespaceDocument = `query info($name: String!) {
  namespace(name: $name) { name entryCount sizeBytes updatedAt agents }
}`;

export const historyDocument = `query history(
  $namespace: String!, $key: String!, $first: Int, $after: Revision, $orderBy: ChangeOrder, $where: [ValueCondition!]
) {
  page: changes(namespace: $namespace, key: $key, first: $first, after: $after, orderBy: $orderBy, where: $where) {
    nodes { ${changeFields} } pageInfo { hasNextPage endCursor }
  }
}`;

export const deadLettersDocument = `query deadLetters(
  $namespace: String!, $keyPrefix: String, $first: Int, $after: String
) {
  page: deadLetters(namespace: $namespace, keyPrefix: $keyPrefix, first: $first, after: $after) {
    nodes { attempt maxAttempts failedAt error entry { ${entryFields} } } pageInfo { hasNextPage endCursor }
  }
}`;

export const searchDocument = `query search($text: String!, $namespacePrefix: String, $first: Int, $after: String) {
  page: searchEntries(text: $text, namespacePrefix: $namespacePrefix, first: $first, after: $after) {
    nodes { snippet match { path before text after } entry { ${entryFields} } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const awaitEntryDocument = `query waitFor($namespace: String!, $key: String!, $after: Revision, $epoch: String, $timeoutSeconds: Int) {
  awaitEntry(namespace: $namespace, key: $key, after: $after, epoch: $epoch, timeoutSeconds: $timeoutSeconds) { ${entryFields} }
}`;

export const entryChangedDocument = `subscription watch(
  $namespace: String, $namespacePrefix: String, $key: String, $keyPrefix: String, $after: Revision, $epoch: String, $snapshot: Boolean, $bookmarks: Boolean
  $where: [ValueCondition!]
) {
  entryChanged(
    namespace: $namespace, namespacePrefix: $namespacePrefix, key: $key, keyPrefix: $keyPrefix
    after: $after, epoch: $epoch, snapshot: $snapshot, bookmarks: $bookmarks, where: $where
  ) { ${changeFields} epoch }
}`;

export const setEntryDocument = mutation("set", "setEntry", "SetEntryInput", "entry { revision }");
export const setEntriesDocument = mutation(
  "setMany",
  "setEntries",
  "SetEntriesInput",
  "entries { key revision }",
);
export const createEntryDocument = mutation(
  "create",
  "createEntry",
  "CreateEntryInput",
  `entry { ${entryFields} }`,
);
export const deleteEntriesDocument = mutation(
  "deleteMany",
  "deleteEntries",
  "DeleteEntriesInput",
  "deletedKeys",
);
export const deleteEntryDocument = mutation("delete", "deleteEntry", "DeleteEntryInput", "deleted");
export const clearNamespaceDocument = mutation(
  "clear",
  "clearNamespace",
  "ClearNamespaceInput",
  "clearedCount",
);
export const clearNamespacesDocument = mutation(
  "clear",
  "clearNamespaces",
  "ClearNamespacesInput",
  "clearedCount",
);
export const incrementEntryDocument = mutation(
  "increment",
  "incrementEntry",
  "IncrementEntryInput",
  `entry { ${entryFields} }`,
);
export const patchEntryDocument = mutation(
  "patch",
  "patchEntry",
  "PatchEntryInput",
  `entry { ${entryFields} }`,
);
export const appendToEntryDocument = mutation(
  "append",
  "appendToEntry",
  "AppendToEntryInput",
  `entry { ${entryFields} }`,
);
export const replaceEntryDocument = mutation(
  "update",
  "setEntry",
  "SetEntryInput",
  `entry { ${entryFields} }`,
);
export const transactDocument = mutation(
  "transact",
  "transact",
  "TransactInput",
  `revision results { entry { ${entryFields} } deleted clearedCount reopened requeued }`,
);
export const claimEntryDocument = mutation(
  "claim",
  "claimEntry",
  "ClaimEntryInput",
  `revision entry { ${entryFields} } claim { token expiresAt attempt maxAttempts failedAt error }`,
);
export const renewClaimDocument = mutation("renew", "renewClaim", "RenewClaimInput", "revision");
export const releaseClaimDocument = mutation(
  "release",
  "releaseClaim",
  "ReleaseClaimInput",
  "claimableAt",
);
export const failClaimDocument = mutation("fail", "failClaim", "FailClaimInput", "claimableAt");
export const reopenEntryDocument = mutation(
  "reopen",
  "reopenEntry",
  "ReopenEntryInput",
  "reopened",
);
export const requeueEntryDocument = mutation(
  "requeue",
  "requeueEntry",
  "RequeueEntryInput",
  "requeued",
);
export const completeClaimDocument = mutation(
  "complete",
  "completeClaim",
  "CompleteClaimInput",
  `entry { ${entryFields} }`,
);
