/** What a token that must not reach the owner's `secret` entries can receive from an operation. */
interface Attempt {
  /** The owner has written namespace `mine:1`, key `secret`. Its value, metadata and agent all say "confidential". */
  readonly operation: string;
  readonly needs: "read" | "write" | "admin" | "nothing";
  /** Whether it names the namespace, so that a token that does not cover it is refused. */
  readonly names: boolean;
  /** The error code if nothing exists. */
  readonly refusal?: string;
}

const fields = "revision namespace key entry { value } agent";

/** All query, mutation and subscription fields, and the parts of them that reach into a namespace. */
export const attempts: Record<string, Attempt> = {
  "Query.viewer": {
    operation: `{ viewer { user agent scopes namespacePatterns headRevision limits { maxKeyBytes } } }`,
    needs: "nothing",
    names: false,
  },
  "Query.viewer, its usage": {
    operation: `{ viewer { usage { namespaceCount entryCount sizeBytes } } }`,
    needs: "read",
    names: false,
  },
  "Query.viewer, the heads of the past": {
    operation: `{ viewer { headRevisionsAgo(secondsAgo: [60, 0]) subscribers { slowest { agent } } } }`,
    needs: "read",
    names: false,
  },
  "Query.entry": {
    operation: `{ entry(namespace: "mine:1", key: "secret") { value history { nodes { ${fields} } } } }`,
    needs: "read",
    names: true,
  },
  "Query.awaitEntry": {
    operation: `{ awaitEntry(namespace: "mine:1", key: "secret", timeoutSeconds: 0) { value history { nodes { ${fields} } } } }`,
    needs: "read",
    names: true,
  },
  "Query.entries": {
    operation: `{ entries { nodes { namespace key value history { nodes { ${fields} } } } } }`,
    needs: "read",
    names: false,
  },
  "Query.entries, by prefix and keys": {
    operation: `{ entries(namespacePrefix: "mine:", keys: ["secret"]) { nodes { value } } }`,
    needs: "read",
    names: false,
  },
  "Query.entries, of a namespace": {
    operation: `{ entries(namespace: "mine:1", keyPrefix: "s") { nodes { value } } }`,
    needs: "read",
    names: true,
  },
  "Query.namespace": {
    operation: `{ namespace(name: "mine:1") { name entryCount sizeBytes agents entry(key: "secret") { value } entries { nodes { value } } } }`,
    needs: "read",
    names: true,
  },
  "Query.namespaces": {
    operation: `{ namespaces { nodes { name entryCount sizeBytes agents entry(key: "secret") { value } entries { nodes { value } } } } }`,
    needs: "read",
    names: false,
  },
  "Query.searchEntries": {
    operation: `{ searchEntries(text: "confidential") { nodes { snippet match { path before text after } entry { ${fields.replace("entry { value } agent", "value")} } } edges { cursor } } }`,
    needs: "read",
    names: false,
  },
  "Query.searchEntries, by prefix": {
    operation: `{ searchEntries(text: "SECRET", namespacePrefix: "mine:") { nodes { entry { value } } pageInfo { endCursor } } }`,
    needs: "read",
    names: false,
  },
  "Query.changes": {
    operation: `{ changes { nodes { ${fields} } } }`,
    needs: "read",
    names: false,
  },
  "Query.changes, of a namespace": {
    operation: `{ changes(namespace: "mine:1", key: "secret") { nodes { ${fields} } } }`,
    needs: "read",
    names: true,
  },
  "Query.tokens": {
    operation: `{ tokens { nodes { tokenId agent createdAt } edges { cursor } } }`,
    needs: "admin",
    names: true,
    refusal: "FORBIDDEN",
  },
  "Mutation.createToken": {
    operation: `mutation { createToken(input: { grants: [{ scopes: [READ] }] }) { secret } }`,
    needs: "admin",
    names: true,
    refusal: "FORBIDDEN",
  },
  "Mutation.revokeToken": {
    operation: `mutation { revokeToken(input: { tokenId: "tok_local" }) { token { agent } } }`,
    needs: "admin",
    names: true,
    refusal: "FORBIDDEN",
  },
  "Mutation.setEntry": {
    operation: `mutation { setEntry(input: { namespace: "mine:1", key: "secret", value: 1 }) { revision entry { metadata } } }`,
    needs: "write",
    names: true,
  },
  "Mutation.setEntries": {
    operation: `mutation { setEntries(input: { namespace: "mine:1", entries: [{ key: "secret", value: 1 }] }) { revision } }`,
    needs: "write",
    names: true,
  },
  "Mutation.createEntry": {
    operation: `mutation { createEntry(input: { namespace: "mine:1", value: 1 }) { revision } }`,
    needs: "write",
    names: true,
  },
  "Mutation.deleteEntries": {
    operation: `mutation { deleteEntries(input: { namespace: "mine:1", keys: ["secret"] }) { deletedCount } }`,
    needs: "write",
    names: true,
  },
  "Mutation.deleteEntry": {
    operation: `mutation { deleteEntry(input: { namespace: "mine:1", key: "secret" }) { deleted } }`,
    needs: "write",
    names: true,
  },
  "Mutation.incrementEntry": {
    operation: `mutation { incrementEntry(input: { namespace: "mine:1", key: "secret", path: "" }) { revision } }`,
    needs: "write",
    names: true,
  },
  "Mutation.patchEntry": {
    operation: `mutation { patchEntry(input: { namespace: "mine:1", key: "secret", patch: {} }) { revision entry { value metadata } } }`,
    needs: "write",
    names: true,
  },
  "Mutation.appendToEntry": {
    operation: `mutation { appendToEntry(input: { namespace: "mine:1", key: "secret", value: 1 }) { revision } }`,
    needs: "write",
    names: true,
  },
  "Mutation.transact": {
    operation: `mutation { transact(input: { operations: [
      { set: { namespace: "mine:10", key: "own", value: 1 } }
      { patch: { namespace: "mine:1", key: "secret", patch: {} } }
    ] }) { revision results { entry { value metadata } } } }`,
    needs: "write",
    names: true,
  },
  "Mutation.transact, a condition": {
    operation: `mutation { transact(input: {
      conditions: [{ namespace: "mine:1", key: "secret", exists: false }]
      operations: [{ set: { namespace: "mine:10", key: "own", value: 1 } }]
    }) { revision } }`,
    needs: "write",
    names: true,
  },
  "Mutation.claimEntry": {
    operation: `mutation { claimEntry(input: { namespace: "mine:1", keyPrefix: "s" }) { entry { value } claim { attempt token } } }`,
    needs: "write",
    names: true,
  },
  "Mutation.completeClaim": {
    operation: `mutation { completeClaim(input: { namespace: "mine:1", key: "secret", token: "confident", value: 1 }) { revision } }`,
    needs: "write",
    names: true,
    refusal: "CLAIM_LOST",
  },
  "Mutation.completeClaim, its operations": {
    operation: `mutation { completeClaim(input: {
      namespace: "mine:10", key: "own", token: "none"
      operations: [{ delete: { namespace: "mine:1", key: "secret" } }]
    }) { revision } }`,
    needs: "write",
    names: true,
    refusal: "CLAIM_LOST",
  },
  "Mutation.renewClaim": {
    operation: `mutation { renewClaim(input: { namespace: "mine:1", key: "secret", token: "none" }) { claim { attempt } } }`,
    needs: "write",
    names: true,
    refusal: "CLAIM_LOST",
  },
  "Query.deadLetters": {
    operation: `{ deadLetters(namespace: "mine:1") { nodes { entry { key value } attempt error } } }`,
    needs: "read",
    names: true,
  },
  "Query.claims": {
    operation: `{ claims(namespace: "mine:1") { nodes { namespace key agent attempt } } }`,
    needs: "read",
    names: true,
  },
  "Query.claims, of all namespaces": {
    operation: `{ claims { nodes { namespace key agent attempt } } }`,
    needs: "read",
    names: false,
  },
  "Query.claimCounts": {
    operation: `{ claimCounts(namespace: "mine:1") { free taken completed } }`,
    needs: "read",
    names: true,
  },
  "Query.claimedNamespaces": {
    operation: `{ claimedNamespaces { nodes { name claimCounts { free taken completed } } } }`,
    needs: "read",
    names: false,
  },
  "Query.claimState": {
    operation: `{ claimState(namespace: "mine:1", key: "secret") { attempt error } }`,
    needs: "read",
    names: true,
  },
  "Mutation.failClaim": {
    operation: `mutation { failClaim(input: { namespace: "mine:1", key: "secret", token: "none", error: 1 }) { revision } }`,
    needs: "write",
    names: true,
    refusal: "CLAIM_LOST",
  },
  "Mutation.reopenEntry": {
    operation: `mutation { reopenEntry(input: { namespace: "mine:1", key: "secret" }) { reopened } }`,
    needs: "write",
    names: true,
  },
  "Mutation.requeueEntry": {
    operation: `mutation { requeueEntry(input: { namespace: "mine:1", key: "secret" }) { requeued } }`,
    needs: "write",
    names: true,
  },
  "Mutation.revokeClaim": {
    operation: `mutation { revokeClaim(input: { namespace: "mine:1", key: "secret" }) { revoked } }`,
    needs: "write",
    names: true,
  },
  "Mutation.releaseClaim": {
    operation: `mutation { releaseClaim(input: { namespace: "mine:1", key: "secret", token: "none" }) { revision } }`,
    needs: "write",
    names: true,
    refusal: "CLAIM_LOST",
  },
  "Mutation.clearNamespace": {
    operation: `mutation { clearNamespace(input: { namespace: "mine:1" }) { clearedCount } }`,
    needs: "write",
    names: true,
  },
  "Mutation.clearNamespaces": {
    operation: `mutation { clearNamespaces(input: { namespacePrefix: "" }) { clearedCount namespaces } }`,
    needs: "write",
    names: false,
  },
  "Subscription.entryChanged": {
    operation: `subscription { entryChanged(after: "0") { kind ${fields} } }`,
    needs: "read",
    names: false,
  },
  "Subscription.entryChanged, snapshot": {
    operation: `subscription { entryChanged(namespacePrefix: "m", snapshot: true) { kind ${fields} } }`,
    needs: "read",
    names: false,
  },
  "Subscription.claimsChanged": {
    operation: `subscription { claimsChanged(namespace: "mine:1") { free taken } }`,
    needs: "read",
    names: true,
  },
  "Subscription.entryChanged, of a namespace": {
    operation: `subscription { entryChanged(namespace: "mine:1", key: "secret", after: "0") { kind ${fields} } }`,
    needs: "read",
    names: true,
  },
};
