import type { CallOptions, CallPolicy, Connection } from "./connection.ts";
import type { Revision } from "./entry.ts";
import { badUserInput } from "./errors.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { requireJson } from "./json.ts";
import type { Metadata, StoredMetadata } from "./value-types.ts";

/** What every write of one entry takes. */
export interface WriteOptions<M extends Metadata = Metadata> extends CallOptions {
  /** Members to merge into the entry's metadata. Default: the metadata stays. */
  readonly metadata?: StoredMetadata<M> | undefined;
  /**
   * Seconds that the entry lives from now on; 0: for ever. Default: for ever after `set`, `setMany` and `update`;
   * otherwise as it was.
   */
  readonly ttlSeconds?: number | undefined;
}

/** What a write of one entry takes that may depend on what there is. */
export interface ConditionalWriteOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /**
   * Only if the entry is at this revision; `"0"`: only if there is none. Otherwise nothing is written, and
   * `ConflictError` says what there is. Default: whatever there is.
   */
  readonly ifRevision?: Revision | undefined;
}

/** Where the number is, and what to add. */
export interface IncrementOptions<
  M extends Metadata = Metadata,
> extends ConditionalWriteOptions<M> {
  /** What to add; less than 0 subtracts. Default: 1. */
  readonly by?: number | undefined;
  /** Where the number is inside the value, as a JSON Pointer such as `/totals/done`. Default: the value itself. */
  readonly path?: string | undefined;
}

/** How long the array may become. */
export interface AppendOptions<M extends Metadata = Metadata> extends ConditionalWriteOptions<M> {
  /** Keep no more items than this, the newest. Default: all. */
  readonly maxLength?: number | undefined;
}

export type Input = Readonly<Record<string, unknown>>;

// The inputs of the operations, which mutations and transactions share.

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

/** Sends a mutation of one input: as one that happens once, however often it is sent. */
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
