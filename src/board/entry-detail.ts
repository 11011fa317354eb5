import { indentJson } from "../json/indent-json.ts";
import { partOf } from "../json/part-of.ts";
import { request, requestText, textAt, variablesOf } from "./graphql.ts";

/** An entry with the text of its value. */
export interface EntryDetail {
  readonly key: string;
  readonly revision: string;
  readonly createdAt: string;
  readonly createdBy: string | null;
  readonly updatedAt: string;
  readonly updatedBy: string | null;
  readonly expiresAt: string | null;
  readonly sizeBytes: number;
  /** JSON. */
  readonly value: string;
  /** A JSON object. */
  readonly metadata: string;
}

/** A larger value is shown without indentation, because indenting it is slow. */
const maxIndentedUnits = 4_000_000;

export function indented(text: string): string {
  return text.length > maxIndentedUnits ? text : indentJson(text);
}

const entryFields = "key revision createdAt createdBy updatedAt updatedBy expiresAt sizeBytes";

function detailOf(answer: string, ...path: readonly string[]): EntryDetail {
  const at = (name: string) => textAt(answer, ...path, name) ?? "null";
  const plain = Object.fromEntries(
    entryFields.split(" ").map((name) => [name, JSON.parse(at(name)) as unknown]),
  );
  return {
    ...(plain as Omit<EntryDetail, "value" | "metadata">),
    value: at("value"),
    metadata: at("metadata"),
  };
}

/** Reads an entry. Null if it does not exist. */
export async function readEntry(namespace: string, key: string): Promise<EntryDetail | null> {
  const answer = await requestText(
    `query entry($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { ${entryFields} value metadata } }`,
    variablesOf({ namespace, key }),
  );
  return textAt(answer, "entry") === null ? null : detailOf(answer, "entry");
}

export interface HistoryItem {
  readonly revision: string;
  readonly kind: "SET" | "DELETED" | "EXPIRED" | "NAMESPACE_CLEARED";
  readonly agent: string | null;
  readonly at: string;
  readonly entry: { readonly sizeBytes: number } | null;
}

/** Reads the latest changes of a key, the oldest first. */
export async function readHistory(namespace: string, key: string): Promise<HistoryItem[]> {
  const { changes } = await request<{ changes: { nodes: HistoryItem[] } }>(
    `query history($namespace: String!, $key: String!) {
      changes(namespace: $namespace, key: $key, first: 200, orderBy: REVISION_DESC) { nodes { revision kind agent at entry { sizeBytes } } }
    }`,
    { namespace, key },
  );
  return changes.nodes.reverse();
}

/** Reads the entry at a revision. Null if that change removed it. */
export async function readRevision(
  namespace: string,
  key: string,
  revision: string,
): Promise<EntryDetail | null> {
  const answer = await requestText(
    `query revision($namespace: String!, $key: String!, $after: Revision) {
      changes(namespace: $namespace, key: $key, after: $after, first: 1) { nodes { revision entry { ${entryFields} value metadata } } }
    }`,
    variablesOf({ namespace, key, after: String(BigInt(revision) - 1n) }),
  );
  const node = ["data", "changes", "nodes", "0"];
  if (JSON.parse(partOf(answer, [...node, "revision"]) ?? "null") !== revision) return null;
  if (textAt(answer, "changes", "nodes", "0", "entry") === null) return null;
  return detailOf(answer, "changes", "nodes", "0", "entry");
}

interface Write {
  readonly namespace: string;
  readonly key: string;
  /** JSON. */
  readonly value: string;
  /** `"0"`: only if the entry does not exist. */
  readonly ifRevision: string;
  /** Null: it does not expire. */
  readonly expiresAt?: string | null;
  /** The time to live from now, instead of `expiresAt`. */
  readonly ttlSeconds?: number;
}

/**
 * Writes the text of a value unchanged.
 * @returns the revision
 * @throws Refusal with the code CONFLICT if another client wrote first
 */
export async function writeEntry({
  namespace,
  key,
  value,
  ifRevision,
  expiresAt = null,
  ttlSeconds,
}: Write): Promise<string> {
  const left = expiresAt === null ? null : Math.ceil((Date.parse(expiresAt) - Date.now()) / 1_000);
  const kept = left === null ? undefined : Math.max(1, left);
  const input = variablesOf(
    { namespace, key, ifRevision, ttlSeconds: ttlSeconds ?? kept },
    { value },
  );
  const answer = await requestText(
    "mutation setEntry($input: SetEntryInput!) { setEntry(input: $input) { revision entry { revision } } }",
    `{"input":${input}}`,
  );
  return JSON.parse(textAt(answer, "setEntry", "entry", "revision") ?? '""') as string;
}

/** @throws Refusal with the code CONFLICT if another client wrote first */
export async function deleteEntry(
  namespace: string,
  key: string,
  ifRevision: string,
): Promise<void> {
  await requestText(
    "mutation deleteEntry($input: DeleteEntryInput!) { deleteEntry(input: $input) { deleted } }",
    `{"input":${variablesOf({ namespace, key, ifRevision })}}`,
  );
}
