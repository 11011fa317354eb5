import { linked, pause } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { replaceEntryDocument } from "./documents.ts";
import type { Entry } from "./entry.ts";
import { ConflictError } from "./errors.ts";
import type { Metadata } from "./value-types.ts";
import { setInput, writeEntry, type WriteOptions } from "./writes.ts";

/** Options of `Namespace.update`. */
export interface UpdateOptions<M extends Metadata = Metadata> extends WriteOptions<M> {
  /** Maximum number of attempts when other agents write the entry at the same time. Default: 100. */
  readonly attempts?: number | undefined;
}

/** The longest pause before an update that conflicted is tried again. */
const maxPauseMs = 50;

interface Update<V, K extends string> {
  readonly read: () => Promise<Entry<V, K> | undefined>;
  readonly change: (value: V | undefined, entry: Entry<V, K> | undefined) => unknown;
}

/**
 * Reads an entry and sets it to the result of `change`, if it was not written in between. Otherwise it tries again after
 * a random pause, which becomes longer with each attempt.
 * @throws ConflictError if every one of `attempts` attempts met another write
 */
export async function updateEntry<V, K extends string>(
  connection: Connection,
  place: { readonly namespace: string; readonly key: K },
  { read, change }: Update<V, K>,
  { attempts = 100, ...options }: UpdateOptions,
): Promise<Entry<V, K>> {
  for (let attempt = 1; ; attempt++) {
    const entry = await read();
    const value = await change(entry?.value, entry);
    const condition = { ...options, ifRevision: entry?.revision ?? "0" };
    const input = { ...place, ...setInput(value, condition) };
    try {
      return await writeEntry(connection, replaceEntryDocument, input, options);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt >= attempts) throw error;
    }
    const link = linked(connection.closed, options.signal);
    try {
      await pause(Math.random() * Math.min(2 ** attempt, maxPauseMs), link.signal);
    } finally {
      link.unlink();
    }
  }
}
