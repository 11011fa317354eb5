import { changeOf, type AnsweredChange, type Change } from "./change.ts";
import type { CallOptions, Connection } from "./connection.ts";
import { firstChangeDocument, headDocument } from "./documents.ts";
import { endable } from "./endable.ts";
import type { Revision } from "./entry.ts";
import { RevisionCompactedError, unavailable } from "./errors.ts";
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

type Selection = Pick<
  StoreWatchOptions,
  "namespace" | "namespacePrefix" | "key" | "keyPrefix" | "where"
>;

/** A connection that has lasted so long was no failed attempt. */
const steadyAfterMs = 5_000;
/** How long a watch may be quiet before it moves its place in the log forward. */
const bookmarkIntervalMs = 600_000;

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
  let after = start.after ?? (snapshot ? undefined : await head(connection, signal));
  const first = { ...selection, after, snapshot: snapshot !== null };
  const patience = connection.patience(followOperation(first), signal);
  let stream = await patience.with(() => open(connection, first, signal, () => patience.outlast()));
  patience.reset();
  patience.outlast();
  let movedAt = performance.now();
  for (;;) {
    try {
      const openedAt = performance.now();
      for await (const change of stream) {
        // The server has accepted the token.
        patience.outlast();
        if (change !== null || performance.now() - openedAt > steadyAfterMs) patience.reset();
        if (change === null) {
          if (snapshot || performance.now() - movedAt < bookmarkIntervalMs) continue;
          after = await bookmark(connection, selection, after as Revision, signal);
        } else if (snapshot) {
          yield* snapshot.admit(change);
          if (change.kind !== "CAUGHT_UP") continue;
          after = change.revision;
          snapshot = null;
        } else {
          after = change.revision;
          yield change;
        }
        movedAt = performance.now();
      }
      throw unavailable(`${connection.name} ended the subscription: it is stopping.`);
    } catch (error) {
      await patience.afterFailure(error);
    }
    snapshot?.beginAgain();
    stream = follow(
      connection,
      { ...selection, ...(snapshot ? { snapshot: true } : { after }) },
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

async function head(connection: Connection, signal: AbortSignal): Promise<Revision> {
  const { viewer } = await connection.call<{ viewer: { headRevision: Revision } }>(
    { document: headDocument },
    { signal },
  );
  return viewer.headRevision;
}

/**
 * A later place to go on after, where nothing has matched since: else the log could be compacted past a watch that is
 * quiet for days, and nothing could tell whether it has missed anything. The head is asked first, so what is asked
 * after it covers all that lies before it.
 */
async function bookmark(
  connection: Connection,
  selection: Selection,
  after: Revision,
  signal: AbortSignal,
): Promise<Revision> {
  const latest = await head(connection, signal);
  try {
    const { changes } = await connection.call<{ changes: { nodes: readonly unknown[] } }>(
      { document: firstChangeDocument, variables: { ...selection, after } },
      { signal },
    );
    return changes.nodes.length === 0 ? latest : after;
  } catch (error) {
    // The watch has missed nothing as long as its connection lasts.
    if (error instanceof RevisionCompactedError) return after;
    throw error;
  }
}
