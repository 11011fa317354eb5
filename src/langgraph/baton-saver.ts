import {
  BaseCheckpointSaver,
  copyCheckpoint,
  getCheckpointId,
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { ConflictError, createDataStore, type DataStore } from "../client/index.ts";
import {
  channelKey,
  checkpointKey,
  checkpointsPrefix,
  defaultThreadsPrefix,
  namespacePrefix,
  writesKey,
  type CheckpointAddress,
} from "./checkpoint-keys.ts";
import { storable } from "../adapter/large-value.ts";
import { matchesMetadata } from "./matches-metadata.ts";
import { escapeText, namePart, originalText } from "../adapter/name-part.ts";
import { pieceOf, valueOf, type Piece } from "./piece.ts";
import {
  pendingWrites,
  savedCheckpoints,
  type SavedCheckpoint,
  type StoredCheckpoint,
  type StoredWrite,
  type StoredWrites,
} from "./saved-checkpoint.ts";
import { LargeEntries } from "../adapter/large-entries.ts";

type Config = Parameters<BaseCheckpointSaver["getTuple"]>[0];
type Versions = Readonly<Record<string, number | string>>;

/** The number of entries that are read to find the latest checkpoint and its writes. */
const latestPageSize = 10;

/** Options of `BatonSaver`. */
export interface BatonSaverOptions {
  /**
   * Prefix of the Baton namespaces. The namespace of a thread is this prefix and the thread's ID. Default:
   * `"langgraph:threads:"`.
   */
  readonly namespacePrefix?: string | undefined;
  /** The serializer of values. Default: LangGraph's serializer for JSON. */
  readonly serde?: SerializerProtocol | undefined;
}

/**
 * Stores the checkpoints of LangGraph graphs in Baton, so that any process can resume a thread. A checkpoint and the
 * values of its channels are written in one transaction.
 *
 * A thread is one Baton namespace: `langgraph:threads:<thread id>`. A value of a channel is stored once, regardless of
 * how many checkpoints contain it. Values of more than 1 MB are stored in parts.
 *
 * @example
 * ```ts
 * const graph = builder.compile({ checkpointer: new BatonSaver() }); // BATON_URL, BATON_TOKEN
 * ```
 */
export class BatonSaver extends BaseCheckpointSaver {
  readonly #store: DataStore;
  readonly #entries: LargeEntries;
  readonly #prefix: string;

  /** @param store default: the store that the environment variables `BATON_URL` and `BATON_TOKEN` name */
  constructor(store: DataStore = createDataStore(), options: BatonSaverOptions = {}) {
    super(options.serde);
    this.#store = store;
    this.#entries = new LargeEntries(store);
    this.#prefix = options.namespacePrefix ?? defaultThreadsPrefix;
  }

  /** Does nothing. Programs for other checkpointers call it. */
  async setup(): Promise<void> {}

  /**
   * Returns a version that no other value of the channel has, so that the branches of a thread never share a version.
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random();
  }

  /** Returns the checkpoint that the config names, or the latest of its thread; undefined if it does not exist. */
  override async getTuple(config: Config): Promise<CheckpointTuple | undefined> {
    const { thread, ns = "" } = placeOf(config);
    if (thread === undefined) return undefined;
    const id = getCheckpointId(config);
    const selection = {
      namespace: this.#namespaceOf(thread),
      keyPrefix: id ? checkpointKey({ ns, id }) : namespacePrefix(ns),
    };
    const pages = this.#entries.pages(selection, id ? Infinity : latestPageSize);
    for await (const [saved] of savedCheckpoints(pages)) {
      if (saved) return (await this.#tuples([saved]))[0];
    }
    return undefined;
  }

  /**
   * Yields checkpoints, the latest of each checkpoint namespace first. Without a thread, it yields those of all
   * threads, one thread after the other.
   */
  override async *list(
    config: Config,
    { before, limit = Infinity, filter }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { thread, ns } = placeOf(config);
    const id = getCheckpointId(config);
    const beforeId = before && getCheckpointId(before);
    const selection = {
      ...(thread === undefined
        ? { namespacePrefix: this.#prefix }
        : { namespace: this.#namespaceOf(thread) }),
      keyPrefix: ns === undefined ? checkpointsPrefix : namespacePrefix(ns),
    };
    let left = limit;
    if (left <= 0) return;
    const pages = this.#entries.pages(selection, Math.max(latestPageSize, limit * 4));
    for await (const page of savedCheckpoints(pages)) {
      const wanted: SavedCheckpoint[] = [];
      for (const saved of page) {
        const savedId = originalText(saved.stored.id);
        if (wanted.length >= left) break;
        if ((id && savedId !== id) || (beforeId && savedId >= beforeId)) continue;
        if (filter && !(await this.#hasMetadata(saved, filter))) continue;
        wanted.push(saved);
      }
      for (const tuple of await this.#tuples(wanted)) {
        yield tuple;
        left -= 1;
      }
      if (left <= 0) return;
    }
  }

  /** Stores a checkpoint, and the values of the channels that have a new version, in one transaction. */
  override async put(
    config: Config,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<Config> {
    const { thread, ns = "" } = requirePlace(config, "checkpoint");
    const { channel_values: values, ...rest } = copyCheckpoint(checkpoint);
    const channels = Object.entries(newVersions).filter(([channel]) =>
      Object.hasOwn(values, channel),
    );
    const { id } = checkpoint;
    const parent = getCheckpointId(config);
    const stored: StoredCheckpoint = {
      thread: escapeText(thread),
      ns: escapeText(ns),
      id: escapeText(id),
      parent: parent ? escapeText(parent) : null,
      checkpoint: await pieceOf(this.serde, rest),
      metadata: await pieceOf(this.serde, metadata),
    };
    const ahead = channels.map(async ([channel, version]) =>
      storable(channelKey(ns, channel, version), await pieceOf(this.serde, values[channel])),
    );
    await this.#entries.write(this.#namespaceOf(thread), {
      ahead: await Promise.all(ahead),
      values: [storable(checkpointKey({ ns, id }), stored)],
    });
    return configOf({ thread, ns, id });
  }

  /** Stores a task's writes to a checkpoint in one transaction. A write that exists already is unchanged. */
  override async putWrites(
    config: Config,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const { thread, ns = "" } = requirePlace(config, "writes");
    const id = getCheckpointId(config);
    if (!id)
      throw new Error("BatonSaver cannot store writes: config.configurable has no checkpoint_id.");
    const namespace = this.#namespaceOf(thread);
    const all = await Promise.all(
      writes.map(async ([channel, value], index): Promise<StoredWrite> => [
        Object.hasOwn(WRITES_IDX_MAP, channel) ? (WRITES_IDX_MAP[channel] as number) : index,
        escapeText(channel),
        await pieceOf(this.serde, value),
      ]),
    );
    const entryOf = (specialIndex: number | null, ofEntry: readonly StoredWrite[]) => {
      const value: StoredWrites = {
        task: escapeText(taskId),
        path: escapeText(taskPath),
        writes: ofEntry,
      };
      return storable(writesKey({ ns, id }, taskId, specialIndex), value);
    };
    const special = all.filter(([index]) => index < 0).map((write) => entryOf(write[0], [write]));
    const regular = all.filter(([index]) => index >= 0);
    const regularKey = writesKey({ ns, id }, taskId, null);
    let missing = regular;
    let existing: Awaited<ReturnType<LargeEntries["entry"]>>;
    // A special write replaces an earlier one.
    const specialKeys = special.map(({ entry }) => entry.key);
    const specialParts = await this.#entries.partsOf(namespace, specialKeys);
    for (;;) {
      const before = (existing?.value as StoredWrites | undefined)?.writes ?? [];
      const values = missing.length > 0 ? [entryOf(null, [...before, ...missing])] : [];
      const revisions = { [regularKey]: existing?.revision ?? "0" };
      try {
        if (values.length + special.length === 0) return;
        return await this.#entries.write(namespace, {
          values: [...values, ...special],
          unusedParts: [...(values.length > 0 ? (existing?.parts ?? []) : []), ...specialParts],
          revisions,
        });
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
      existing = await this.#entries.entry(namespace, regularKey);
      const known = new Set(
        (existing?.value as StoredWrites | undefined)?.writes.map(([at]) => at),
      );
      missing = regular.filter(([index]) => !known.has(index));
    }
  }

  /** Deletes a thread: its checkpoints and writes in all checkpoint namespaces, as one change. */
  override async deleteThread(threadId: string): Promise<void> {
    await this.#store.namespace(this.#namespaceOf(threadId)).clear();
  }

  async #hasMetadata({ stored }: SavedCheckpoint, filter: Record<string, unknown>) {
    return matchesMetadata(await valueOf(this.serde, stored.metadata), filter);
  }

  #namespaceOf(thread: string): string {
    return this.#prefix + namePart(thread, ":");
  }

  /** Reads the channel values of all checkpoints together, because checkpoints of one thread share most values. */
  async #tuples(saved: readonly SavedCheckpoint[]): Promise<CheckpointTuple[]> {
    const checkpoints = await Promise.all(
      saved.map(({ stored }) => valueOf(this.serde, stored.checkpoint) as Promise<Checkpoint>),
    );
    const keys = new Map<string, Set<string>>();
    for (const [at, { namespace, stored }] of saved.entries()) {
      const ofThread = keys.get(namespace) ?? new Set();
      keys.set(namespace, ofThread);
      for (const [, key] of channelKeys(stored, checkpoints[at])) ofThread.add(key);
    }
    const values = new Map<string, ReadonlyMap<string, unknown>>();
    for (const [namespace, ofThread] of keys) {
      values.set(namespace, await this.#entries.read(namespace, [...ofThread]));
    }
    return Promise.all(
      saved.map(async (one, at) =>
        this.#tuple(one, checkpoints[at] as Checkpoint, values.get(one.namespace) ?? new Map()),
      ),
    );
  }

  async #tuple(
    { namespace, stored, writes }: SavedCheckpoint,
    withoutValues: Checkpoint,
    values: ReadonlyMap<string, unknown>,
  ): Promise<CheckpointTuple> {
    const pairs = await Promise.all(
      channelKeys(stored, withoutValues)
        .filter(([, key]) => values.has(key))
        .map(async ([channel, key]) => [
          channel,
          await valueOf(this.serde, values.get(key) as Piece),
        ]),
    );
    const checkpoint: Checkpoint = { ...withoutValues, channel_values: Object.fromEntries(pairs) };
    const [thread, ns, id] = [stored.thread, stored.ns, stored.id].map(originalText) as [
      string,
      string,
      string,
    ];
    const parent = stored.parent === null ? null : originalText(stored.parent);
    if (checkpoint.v < 4 && parent !== null) {
      await this.#addPendingSends(checkpoint, namespace, { ns, id: parent });
    }
    return {
      config: configOf({ thread, ns, id }),
      checkpoint,
      metadata: (await valueOf(this.serde, stored.metadata)) as CheckpointMetadata,
      pendingWrites: await pendingWrites(this.serde, writes),
      ...(parent !== null && { parentConfig: configOf({ thread, ns, id: parent }) }),
    };
  }

  /** Before version 4, LangGraph kept the sends of a step only in the writes to the previous checkpoint. */
  async #addPendingSends(
    checkpoint: Checkpoint,
    namespace: string,
    parent: { readonly ns: string; readonly id: string },
  ): Promise<void> {
    const found: StoredWrites[] = [];
    const selection = { namespace, keyPrefix: `${checkpointKey(parent)}/` };
    for await (const page of this.#entries.pages(selection, Infinity)) {
      found.push(...page.map(({ value }) => value as StoredWrites));
    }
    const sends = (await pendingWrites(this.serde, found)).filter(
      ([, channel]) => channel === TASKS,
    );
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_values[TASKS] = sends.map(([, , value]) => value);
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
  }
}

/** The channels of a checkpoint, and the keys of their values. */
function channelKeys(
  { ns: escapedNs }: StoredCheckpoint,
  checkpoint: Checkpoint | undefined,
): [string, string][] {
  const versions: Versions = checkpoint?.channel_versions ?? {};
  const ns = originalText(escapedNs);
  return Object.entries(versions).map(([channel, version]) => [
    channel,
    channelKey(ns, channel, version),
  ]);
}

function placeOf({ configurable = {} }: Config): { thread?: string; ns?: string } {
  const { thread_id: thread, checkpoint_ns: ns } = configurable as Record<string, unknown>;
  if (thread !== undefined && typeof thread !== "string") {
    throw new TypeError(
      `thread_id must be a string, not ${thread === null ? "null" : typeof thread}.`,
    );
  }
  if (ns !== undefined && typeof ns !== "string") {
    throw new TypeError(`checkpoint_ns must be a string, not ${ns === null ? "null" : typeof ns}.`);
  }
  return { ...(thread !== undefined && { thread }), ...(ns !== undefined && { ns }) };
}

function requirePlace(config: Config, what: string): { thread: string; ns?: string } {
  const { thread, ...rest } = placeOf(config);
  if (thread !== undefined) return { thread, ...rest };
  throw new Error(
    `BatonSaver cannot store the ${what}: config.configurable has no thread_id. Pass one when the graph is called: { configurable: { thread_id: "1" } }.`,
  );
}

function configOf({ thread, ns, id }: CheckpointAddress): Config {
  return { configurable: { thread_id: thread, checkpoint_ns: ns, checkpoint_id: id } };
}
