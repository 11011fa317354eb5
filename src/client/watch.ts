import { changeOf, type AnsweredChange, type Change } from "./change.ts";
import type { CallOptions, Connection } from "./connection.ts";
import { headDocument } from "./documents.ts";
import { endable } from "./endable.ts";
import type { Revision } from "./entry.ts";
import { unavailable } from "./errors.ts";
import { follow, followOperation, type Following } from "./follow.ts";
import { Snapshot } from "./snapshot.ts";
import { whereInput, type WhereOptions } from "./where.ts";

/** The position at which a watch begins. */
export interface WatchStart {
  /**
   * Begin with the existing entries: an `EXISTING` for each, then `CAUGHT_UP`, then every later change. Cannot be
   * combined with `after`. Default: false.
   */
  readonly snapshot?: boolean | undefined;
  /** Begin with the changes later than this revision. `"0"` begins with the first change. Default: only new changes. */
  readonly after?: Revision | undefined;
  /**
   * The epoch of `after`: `CaughtUp.epoch` or `Viewer.epoch`. If a backup was restored since, the watch rejects with
   * `RevisionCompactedError` and the `reason` `"EPOCH"`. Default: the epoch is not checked at the beginning, but
   * whenever the watch resumes after a lost connection.
   */
  readonly epoch?: string | undefined;
}

/** Selects the changes of a namespace to watch and the position to begin from. */
export interface WatchOptions<K extends string = string, P extends string = string>
  extends WatchStart, CallOptions, WhereOptions {
  /** Only this key. Cannot be combined with `keyPrefix`. */
  readonly key?: K | undefined;
  /** Only keys that begin with this prefix. */
  readonly keyPrefix?: P | undefined;
}

/** Selects the changes to watch, across namespaces, and the position to begin from. */
export interface StoreWatchOptions extends WatchOptions {
  /** Only this namespace. Cannot be combined with `namespacePrefix`. */
  readonly namespace?: string | undefined;
  /** Only namespaces whose names begin with this prefix. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
}

/** The position to resume from: the revision that the watch has reached and, if known, its epoch. */
interface Place {
  readonly after: Revision | undefined;
  readonly epoch: string | undefined;
}

type Selection = Pick<
  StoreWatchOptions,
  "namespace" | "namespacePrefix" | "key" | "keyPrefix" | "where"
>;

/** A connection that has lasted this long does not count as a failed attempt. */
const steadyAfterMs = 5_000;

/**
 * Yields every matching change, each once, in the order of the log. After a lost connection, or a response that is not
 * Baton's, it reconnects without a time limit and resumes. Only the first connection is limited by `retryForMs`.
 */
export function watch(
  connection: Connection,
  { namespace, namespacePrefix, key, keyPrefix, where, signal, ...start }: StoreWatchOptions,
): AsyncGenerator<Change, void> {
  const selection: Selection = {
    namespace,
    namespacePrefix,
    key,
    keyPrefix,
    where: whereInput(where),
  };
  return endable(
    (link) => untilClosed(connection, resume(connection, selection, start, link)),
    connection.closed,
    signal,
  );
}

/** Ends the watch without an error when the caller closes the store. */
async function* untilClosed(
  connection: Connection,
  changes: AsyncGenerator<AnsweredChange, void>,
): AsyncGenerator<Change, void> {
  try {
    for await (const change of changes) yield changeOf(change);
  } catch (error) {
    if (!connection.closed.aborted) throw error;
  }
}

async function* resume(
  connection: Connection,
  selection: Selection,
  start: WatchStart,
  signal: AbortSignal,
): AsyncGenerator<AnsweredChange, void> {
  let snapshot = start.snapshot ? new Snapshot() : null;
  // Both options together are passed on, so that the server reports the error.
  let place: Place =
    start.after !== undefined || snapshot
      ? { after: start.after, epoch: start.epoch }
      : await head(connection, signal);
  const first = { ...selection, ...place, snapshot: snapshot !== null, bookmarks: true };
  const retryPolicy = connection.retryPolicy(followOperation(first), signal);
  let stream = await retryPolicy.with(() =>
    open(connection, first, signal, () => retryPolicy.outlast()),
  );
  retryPolicy.reset();
  retryPolicy.outlast();
  for (;;) {
    try {
      const openedAt = performance.now();
      for await (const change of stream) {
        // The server has accepted the token.
        retryPolicy.outlast();
        if (change !== null || performance.now() - openedAt > steadyAfterMs) retryPolicy.reset();
        if (change === null) continue;
        if (change.kind !== "BOOKMARK") {
          if (snapshot) yield* snapshot.admit(change);
          else yield change;
        }
        // Until the snapshot is complete, no revision describes what was delivered.
        if (snapshot && change.kind !== "CAUGHT_UP") continue;
        snapshot = null;
        place = { after: change.revision, epoch: change.epoch ?? place.epoch };
        if (change.epoch) connection.epoch = change.epoch;
      }
      throw unavailable(`${connection.name} ended the subscription: it is stopping.`);
    } catch (error) {
      await retryPolicy.afterFailure(error);
    }
    snapshot?.beginAgain();
    stream = follow(
      connection,
      { ...selection, ...(snapshot ? { snapshot: true } : place), bookmarks: true },
      signal,
    );
  }
}

/**
 * Opens a stream and waits for its first event, so that a wrong URL or token is reported immediately.
 * @param accepted called when the server has accepted the token; it can still refuse the subscription
 */
async function open(
  connection: Connection,
  following: Following,
  signal: AbortSignal,
  accepted: () => void,
): Promise<AsyncGenerator<AnsweredChange | null, void>> {
  const changes = follow(connection, following, signal);
  let first = await changes.next();
  if (!first.done && first.value === null) {
    accepted();
    // The server sends its first heartbeat before it has validated the subscription.
    first = await changes.next();
  }
  return first.done ? changes : withFirst(first.value, changes);
}

async function* withFirst<T>(first: T, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}

async function head(connection: Connection, signal: AbortSignal): Promise<Place> {
  const { viewer } = await connection.call<{
    viewer: { headRevision: Revision; epoch: string };
  }>({ document: headDocument }, { signal });
  connection.epoch = viewer.epoch;
  return { after: viewer.headRevision, epoch: viewer.epoch };
}
