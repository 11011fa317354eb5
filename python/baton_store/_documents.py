"""The GraphQL operations that the package sends."""

from __future__ import annotations

ENTRY = """namespace key value metadata revision createdRevision createdAt updatedAt createdBy updatedBy expiresAt"""
CHANGE = f"kind revision namespace key agent at entry {{ {ENTRY} }}"
_PAGE = "pageInfo { hasNextPage endCursor }"


def _mutation(name: str, input_type: str, selection: str) -> str:
    return f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {selection} }} }}"


def _entries(selection: str) -> str:
    return f"""query (
  $namespace: String, $keyPrefix: String, $keys: [String!], $first: Int, $after: String, $where: [ValueCondition!]
  $at: Revision, $atLeast: Revision
) {{
  page: entries(
    namespace: $namespace, keyPrefix: $keyPrefix, keys: $keys, first: $first, after: $after, where: $where
    at: $at, atLeast: $atLeast
  ) {{ nodes {{ {selection} }} {_PAGE} }} }}"""


GET = "query ($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { value } }"
GET_ENTRY = f"""query ($namespace: String!, $key: String!, $at: Revision, $atLeast: Revision) {{
  entry(namespace: $namespace, key: $key, at: $at, atLeast: $atLeast) {{ {ENTRY} }} }}"""
KEYS = _entries("key")
VALUES = _entries("key value")
ENTRIES = _entries(ENTRY)
METADATA = _entries("key metadata")
NAMESPACES = f"""query (
  $prefix: String, $suffix: [String!], $segments: [String!], $depth: Int, $delimiter: String, $first: Int, $after: String
) {{
  page: namespaces(
    prefix: $prefix, suffix: $suffix, segments: $segments, depth: $depth, delimiter: $delimiter, first: $first
    after: $after
  ) {{ nodes {{ name }} {_PAGE} }} }}"""
SEARCH = f"""query ($text: String!, $namespacePrefix: String, $first: Int, $after: String) {{
  page: searchEntries(text: $text, namespacePrefix: $namespacePrefix, first: $first, after: $after) {{
    nodes {{ snippet match {{ path }} entry {{ {ENTRY} }} }} {_PAGE} }} }}"""

SET = _mutation("setEntry", "SetEntryInput", "revision")
REPLACE = _mutation("setEntry", "SetEntryInput", f"entry {{ {ENTRY} }}")
SET_MANY = _mutation("setEntries", "SetEntriesInput", "revision")
DELETE = _mutation("deleteEntry", "DeleteEntryInput", "deleted")
DELETE_MANY = _mutation("deleteEntries", "DeleteEntriesInput", "deletedCount")
CREATE = _mutation("createEntry", "CreateEntryInput", f"entry {{ {ENTRY} }}")
CLEAR = _mutation("clearNamespace", "ClearNamespaceInput", "clearedCount")
INCREMENT = _mutation("incrementEntry", "IncrementEntryInput", f"entry {{ {ENTRY} }}")
PATCH = _mutation("patchEntry", "PatchEntryInput", f"entry {{ {ENTRY} }}")
APPEND = _mutation("appendToEntry", "AppendToEntryInput", f"entry {{ {ENTRY} }}")
TRANSACT = _mutation(
    "transact", "TransactInput", f"revision results {{ entry {{ {ENTRY} }} deleted clearedCount reopened requeued }}"
)

CLAIM = _mutation(
    "claimEntry",
    "ClaimEntryInput",
    f"revision entry {{ {ENTRY} }} claim {{ token attempt maxAttempts error }}",
)
RENEW = _mutation("renewClaim", "RenewClaimInput", "revision")
RELEASE = _mutation("releaseClaim", "ReleaseClaimInput", "revision")
FAIL = _mutation("failClaim", "FailClaimInput", "deadLettered")
COMPLETE = _mutation("completeClaim", "CompleteClaimInput", f"entry {{ {ENTRY} }}")

AWAIT = f"""query ($namespace: String!, $key: String!, $after: Revision, $epoch: String, $timeoutSeconds: Int) {{
  awaitEntry(
    namespace: $namespace, key: $key, after: $after, epoch: $epoch, timeoutSeconds: $timeoutSeconds
  ) {{ {ENTRY} }} }}"""
WATCH = f"""subscription (
  $namespace: String, $namespacePrefix: String, $key: String, $keyPrefix: String, $after: Revision, $epoch: String
  $snapshot: Boolean, $bookmarks: Boolean, $where: [ValueCondition!]
) {{
  entryChanged(
    namespace: $namespace, namespacePrefix: $namespacePrefix, key: $key, keyPrefix: $keyPrefix
    after: $after, epoch: $epoch, snapshot: $snapshot, bookmarks: $bookmarks, where: $where
  ) {{ {CHANGE} epoch }} }}"""
HEAD = "query { viewer { headRevision epoch } }"
KEPT_NAMES = """query ($namespace: String, $key: String) {
  changes(namespace: $namespace, key: $key, first: 20) { nodes { entry { metadata } } } }"""
