import { query, refusal } from "./client.ts";

/** The operations that most tests use. */

type Server = { readonly url: string; readonly token: string };
type Options = { readonly token?: string; readonly agent?: string };

export const entryFields =
  "namespace key value metadata revision createdRevision createdAt updatedAt createdBy updatedBy expiresAt sizeBytes";

/** Sends a mutation's input, and returns these fields of its payload. */
export async function mutate(
  server: Server,
  mutation: string,
  fields: string,
  input: object,
  options: Options = {},
): Promise<Record<string, any>> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { payload: ${mutation}(input: $input) { ${fields} } }`;
  return (await query(server, document, { input }, options)).payload;
}

interface Place {
  readonly namespace?: string;
  readonly key: string;
}

interface Conditional extends Place {
  readonly ifRevision?: string;
  readonly idempotencyKey?: string;
}

interface EntryWrite extends Conditional {
  readonly metadata?: unknown;
  readonly ttlSeconds?: number;
}

function entryMutation<Input extends EntryWrite>(mutation: string) {
  return (server: Server, input: Input, options: Options = {}) =>
    mutate(server, mutation, `revision entry { ${entryFields} }`, input, options);
}

export const set = entryMutation<EntryWrite & { value: unknown }>("setEntry");
export const increment = entryMutation<EntryWrite & { by?: number; path?: string }>(
  "incrementEntry",
);
export const patch = entryMutation<EntryWrite & { patch: unknown }>("patchEntry");
export const append = entryMutation<EntryWrite & { value: unknown; maxLength?: number }>(
  "appendToEntry",
);

export function setMany(
  server: Server,
  namespace: string,
  entries: readonly { key: string; value: unknown; ifRevision?: string; ttlSeconds?: number }[],
): Promise<Record<string, any>> {
  return mutate(server, "setEntries", "revision entries { key revision }", { namespace, entries });
}

export function remove(server: Server, input: Conditional): Promise<Record<string, any>> {
  return mutate(server, "deleteEntry", "deleted revision", input);
}

export function clear(server: Server, namespace: string): Promise<Record<string, any>> {
  return mutate(server, "clearNamespace", "clearedCount revision", { namespace });
}

interface Transaction {
  readonly conditions?: readonly object[];
  readonly operations: readonly object[];
  readonly idempotencyKey?: string;
}

const resultFields = `results { entry { ${entryFields} } deleted clearedCount }`;

export function transact(
  server: Server,
  input: Transaction,
  options: Options = {},
): Promise<Record<string, any>> {
  return mutate(server, "transact", `revision ${resultFields}`, input, options);
}

const claimFields = "claim { token expiresAt attempt }";

export function claim(
  server: Server,
  input: {
    namespace?: string;
    keyPrefix?: string;
    leaseSeconds?: number;
    maxAttempts?: number;
    idempotencyKey?: string;
  },
  options: Options = {},
): Promise<Record<string, any>> {
  const fields = `revision entry { ${entryFields} } ${claimFields}`;
  return mutate(server, "claimEntry", fields, input, options);
}

interface Held extends Place {
  readonly token: string;
  readonly idempotencyKey?: string;
}

export function complete(
  server: Server,
  input: Held & Partial<Transaction> & { value?: unknown; metadata?: unknown; ttlSeconds?: number },
): Promise<Record<string, any>> {
  const fields = `revision entry { ${entryFields} } ${resultFields}`;
  return mutate(server, "completeClaim", fields, input);
}

export function renew(
  server: Server,
  input: Held & { leaseSeconds?: number },
): Promise<Record<string, any>> {
  return mutate(server, "renewClaim", `revision ${claimFields}`, input);
}

export function release(
  server: Server,
  input: Held & { delaySeconds?: number },
): Promise<Record<string, any>> {
  return mutate(server, "releaseClaim", releasedFields, input);
}

const releasedFields = "revision claimableAt deadLettered";

export function fail(
  server: Server,
  input: Held & { error?: unknown; delaySeconds?: number; retry?: boolean },
  options: Options = {},
): Promise<Record<string, any>> {
  return mutate(server, "failClaim", releasedFields, input, options);
}

export async function reopen(server: Server, input: Repeatable, options: Options = {}) {
  return (await mutate(server, "reopenEntry", "reopened revision", input, options)).reopened;
}

export async function requeue(server: Server, input: Repeatable, options: Options = {}) {
  return (await mutate(server, "requeueEntry", "requeued revision", input, options)).requeued;
}

interface Repeatable extends Place {
  readonly idempotencyKey?: string;
}

/** A page of dead letters. */
export async function deadLetters(
  server: Server,
  variables: { namespace?: string; keyPrefix?: string; first?: number; after?: string },
  options: Options = {},
): Promise<Record<string, any>> {
  const document = `query ($namespace: String! = "default", $keyPrefix: String, $first: Int, $after: String) {
    deadLetters(namespace: $namespace, keyPrefix: $keyPrefix, first: $first, after: $after) {
      nodes { entry { key value } attempt maxAttempts failedAt error } pageInfo { hasNextPage endCursor } } }`;
  return (await query(server, document, variables, options)).deadLetters;
}

export async function waitFor(
  server: Server,
  variables: { namespace?: string; key: string; after?: string; timeoutSeconds?: number },
  options: Options = {},
): Promise<Record<string, any> | null> {
  const data = await query(
    server,
    `query ($namespace: String! = "default", $key: String!, $after: Revision, $timeoutSeconds: Int) {
      awaitEntry(namespace: $namespace, key: $key, after: $after, timeoutSeconds: $timeoutSeconds) { ${entryFields} }
    }`,
    variables,
    options,
  );
  return data.awaitEntry;
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

/** Returns the error of a call that must be refused and change nothing. */
export async function refusedWhole(
  server: Server,
  call: () => Promise<unknown>,
): Promise<Record<string, any>> {
  const head = await headRevision(server);
  const { extensions } = await refusal(call());
  const headAfter = await headRevision(server);
  if (headAfter !== head) throw new Error(`The log grew from ${head} to ${headAfter}.`);
  return extensions;
}

/** Returns every item of a connection, read page by page. */
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
