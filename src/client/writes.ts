import type { CallOptions, CallPolicy, Connection } from "./connection.ts";
import { entryOf, type AnsweredEntry, type Entry, type Revision } from "./entry.ts";
import { badUserInput } from "./errors.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { requireJson } from "./json.ts";
import type { Metadata, StoredMetadata } from "./value-types.ts";

/** The options of every write of one entry. */
export interface WriteOptions<M extends Metadata = Metadata> extends CallOptions {
  /** Members to merge into the entry's metadata. Default: the metadata is unchanged. */
  readonly metadata?: StoredMetadata<M> | undefined;
  /**
   * Seconds until the entry expires. 0 removes the expiry. Default: `set`, `setMany` and `update` remove the expiry;
   * other writes keep it.
   */
  readonly ttlSeconds?: number | undefined;
}

/** The options of a conditional write. */
export interface ConditionalWriteOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /**
   * Write only if the entry is at this revision. `"0"`: write only if the entry does not exist. Otherwise nothing is
   * written, and `ConflictError` has the current revision and value. Default: unconditional.
   */
  readonly ifRevision?: Revision | undefined;
}

/** Options of `Namespace.increment`. */
export interface IncrementOptions<
  M extends Metadata = Metadata,
> extends ConditionalWriteOptions<M> {
  /** The number to add. A negative number subtracts. Default: 1. */
  readonly by?: number | undefined;
  /** JSON Pointer of the number inside the value, such as `/totals/done`. Default: the whole value. */
  readonly path?: string | undefined;
}

/** Options of `Namespace.append`. */
export interface AppendOptions<M extends Metadata = Metadata> extends ConditionalWriteOptions<M> {
  /** Keep at most this number of items, the newest. Default: all. */
  readonly maxLength?: number | undefined;
}

export type Input = Readonly<Record<string, unknown>>;

// Builds the inputs of the operations. Mutations and transactions share them.

export function setInput(value: unknown, options: ConditionalWriteOptions): Input {
  return { value: requireJson("value", value), ...writeInput(options) };
}

export function incrementInput({ by = 1, path, ...options }: IncrementOptions): Input {
  if (typeof by !== "number") throw badUserInput("by", "Must be a number.");
  return { by: requireJson("by", by), path, ...writeInput(options) };
}

export function patchInput(patch: unknown, options: ConditionalWriteOptions): Input {
  return { patch: requireJson("patch", patch), ...writeInput(options) };
}

export function appendInput(item: unknown, { maxLength, ...options }: AppendOptions): Input {
  return { value: requireJson("item", item), maxLength, ...writeInput(options) };
}

export function writeInput({ metadata, ttlSeconds, ifRevision }: ConditionalWriteOptions): Input {
  const given = metadata === undefined ? undefined : requireJson("metadata", metadata);
  return { metadata: given, ttlSeconds, ifRevision };
}

/** Sends a mutation with an idempotency key, so that retries do not repeat its effect. */
export async function mutate<P>(
  connection: Connection,
  document: string,
  input: Input,
  { signal, isRepeatable = connection.retryWrites }: CallPolicy,
): Promise<P> {
  const variables = {
    input: connection.retryWrites ? { idempotencyKey: newIdempotencyKey(), ...input } : input,
  };
  const payloads = await connection.call<Record<string, P>>(
    { document, variables },
    { signal, isRepeatable },
  );
  return Object.values(payloads)[0] as P;
}

/** Sends a write of one entry, and returns the entry. */
export async function writeEntry<V, K extends string>(
  connection: Connection,
  document: string,
  input: Input,
  options: CallPolicy,
): Promise<Entry<V, K>> {
  const { entry } = await mutate<{ entry: AnsweredEntry }>(connection, document, input, options);
  return entryOf(entry);
}
