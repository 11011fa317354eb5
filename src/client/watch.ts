import { changeOf, type AnsweredChange, type Change } from "./change.ts";
import type { CallOptions, Connection } from "./connection.ts";
import { headDocument } from "./documents.ts";
import { endable } from "./endable.ts";
import type { Revision } from "./entry.ts";
import { unavailable } from "./errors.ts";
import { follow, followOperation, type Following } from "./follow.ts";
import { Snapshot } from "./snapshot.ts";
import { whereInput, type WhereOptions } from "./where.ts";

/** Where a watch begins. */
export interface WatchStart {
  /**
   * Begin with what there is: an `EXISTING` for each entry, then `CAUGHT_UP`, then every later change. Excludes
   * `after`. Default: false.
   */
  readonly snapshot?: boolean | undefined;
  /** Begin with the changes later than this revision; `"0"`: with the first. Default: with those after now. */
  readonly after?: Revision | undefined;
  /**
   * The history in which `after` was seen: `CaughtUp.epoch` or `Viewer.epoch`. If a backup was restored since, the watch is
   * refused with `RevisionCompactedError`, whose `reason` is `"EPOCH"`. Default: not checked at the beginning; whenever the
   * watch goes on after a drop, it is.
   */
  readonly epoch?: string | undefined;
}

/** What a watch within a namespace follows, and from where. */
export interface WatchOptions<K extends string = string, P extends string = string>
  extends WatchStart, CallOptions, WhereOptions {
  /** Only this key. Excludes `keyPrefix`. */
  readonly key?: K | undefined;
  /** Only keys that begin with this. */
  readonly keyPrefix?: P | undefined;
}

/** What a watch across namespaces follows, and from where. */
export interface StoreWatchOptions extends WatchOptions {
  /** Only this namespace. Excludes `namespacePrefix`. */
  readonly namespace?: string | undefined;
  /** Only namespaces that begin with this. Default: all that the token covers. */
  readonly namespacePrefix?: string | undefined;
}

/** Where a watch goes on: the revision that it has reached, and the history that this is of, once it is known. */
interface Place {
  readonly after: Revision | undefined;
  readonly epoch: string | undefined;
}

type Selection = Pick<
  StoreWatchOptions,
  "namespace" | "namespacePrefix" | "key" | "keyPrefix" | "where"
>;

/** A connection that has lasted so long was no failed attempt. */
const steadyAfterMs = 5_000;

/**
 * Every matching change, each once, in the order of the log. After any drop, and after any answer that is not Baton's,
 * it goes on where it was, for as long as that takes; only the first connection is given up after `retryForMs`.
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

/** Closing the store is its caller's own way to end a watch. */
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
  // A start that both excludes is for the server to refuse.
  let place: Place =
    start.after !== undefined || snapshot
      ? { after: start.after, epoch: start.epoch }
      : await head(connection, signal);
  const first = { ...selection, ...place, snapshot: snapshot !== null, bookmarks: true };
  const patience = connection.patience(followOperation(first), signal);
  let stream = await patience.with(() => open(connection, first, signal, () => patience.outlast()));
  patience.reset();
  patience.outlast();
  for (;;) {
    try {
      const openedAt = performance.now();
      for await (const change of stream) {
        // The server has accepted the token.
        patience.outlast();
        if (change !== null || performance.now() - openedAt > steadyAfterMs) patience.reset();
        if (change === null) continue;
        if (change.kind !== "BOOKMARK") {
          if (snapshot) yield* snapshot.admit(change);
          else yield change;
        }
        // Where the snapshot is not whole, no revision says what was delivered.
        if (snapshot && change.kind !== "CAUGHT_UP") continue;
        snapshot = null;
        place = { after: change.revision, epoch: change.epoch ?? place.epoch };
        if (change.epoch) connection.epoch = change.epoch;
      }
      throw unavailable(`${connection.name} ended the subscription: it is stopping.`);
    } catch (error) {
      await patience.afterFailure(error);
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
 * A stream that has said something, so that a wrong address or token is reported immediately.
 * @param accepted called when the server has accepted the token; it may still refuse what is asked
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
    // A server gives its first sign of life before it has looked whether it can do this.
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
