import type { PageBounds, WriteAccess, WriteTransaction } from "../store/contract.ts";
import { BatonError, RowRefused } from "../errors.ts";
import { StartError } from "../start-error.ts";
import type { ImportState } from "../store/model/import-state.ts";
import { NetEffect } from "../store/commit/net-effect.ts";
import type { Effects } from "../store/commit/state.ts";
import { isExpired } from "../store/model/entry.ts";
import { placeId } from "../store/model/place.ts";
import type { Line } from "./line.ts";
import { linesFrom } from "./read-export.ts";
import type { WholeFile } from "./whole-file.ts";

type Target = WriteAccess;

/** Other writes wait for a batch, so it is small. */
const defaultBatchBounds: PageBounds = { maxItems: 1_000, maxBytes: 1024 * 1024 };
const removedAtOnce = 1_000;
const noEffects: Omit<Effects, "head"> = {
  cleared: [],
  deleted: [],
  written: [],
  claimed: [],
  changes: [],
  records: [],
  claimEvents: [],
};

export interface ImportProgress {
  /** Called after each batch with the number of imported lines. */
  onBatch(lines: number): void;
  /** Called before each batch with the number of imported lines. To stop the import, it throws. */
  checkStop(lines: number): void | Promise<void>;
}

/**
 * Imports the file into a user's empty store, or continues an interrupted import.
 *
 * 1. Set the beginning of the user's log after its end. Until step 4, no other client can write to the store, and no
 *    reader of the log can mistake a part of it for the whole log.
 * 2. Remove the rest of expired entries and of an earlier import.
 * 3. Write the lines in batches. Each batch is one transaction, and contains the position that it reaches.
 * 4. With the last batch, set the head to the file's revision. The log begins there.
 *
 * @returns the number of expired entries
 * @throws StartError if the store is not empty, or if another import into it is in progress
 */
export async function importStore(
  target: Target,
  userId: string,
  imported: WholeFile,
  progress: ImportProgress,
  batchBounds = defaultBatchBounds,
): Promise<number> {
  const { file, end } = imported;
  let state = await target.write([userId], (transaction) => begin(transaction, userId, imported));
  if (state.position === 0) {
    await removeAll("removeEntries", target, userId, state);
    await removeAll("removeChanges", target, userId, state);
  }
  for await (const lines of batches(linesFrom(file, state.position), batchBounds)) {
    await progress.checkStop(state.position);
    const before = state;
    const isLast = lines.at(-1)?.kind === "CAUGHT_UP";
    const done = inImport(target, userId, before, async (transaction, { head, now }) => {
      const { net, expiredCount } = netEffect(lines, now);
      const after: ImportState = {
        ...before,
        position: before.position + lines.length,
        expiredCount: before.expiredCount + expiredCount,
      };
      const headAfter = isLast ? end.revision : head;
      const brought = net.effects(await storedHeads(transaction, userId, net));
      await transaction.save(new Map([[userId, { ...noEffects, ...brought, head: headAfter }]]));
      await transaction.import.saveImport(userId, isLast ? null : after);
      return after;
    });
    state = await done.catch((error: unknown) => {
      const isOfRow = !(error instanceof BatonError) || error instanceof RowRefused;
      if (error instanceof StartError || !isOfRow) throw error;
      // For example, PostgreSQL cannot index a key of several thousand bytes.
      const reason = (error as Error).message.trim().split("\n").at(-1)?.replace(/\.$/, "");
      throw new StartError(
        `${file}, lines ${before.position + 1} to ${before.position + lines.length} cannot be stored here: ${reason}. ` +
          `To remove the imported part, run: baton import --discard --user ${userId}`,
      );
    });
    progress.onBatch(state.position);
  }
  if (state.position < imported.lineCount) {
    throw new StartError(
      `${file} has changed during the import. Restore the file, and import it again to continue.`,
    );
  }
  return state.expiredCount;
}

/**
 * Removes the data of an unfinished import. Afterwards, the store is empty, and its user can write again.
 *
 * The log then skips one revision, so that no reader can continue from before the import (G3, G4): an export or a
 * snapshot that began earlier can contain imported entries, and the import removed expired entries without a change.
 * @throws StartError if no import is in progress
 */
export async function discardImport(target: Target, userId: string): Promise<void> {
  const state = await target.write([userId], async ({ import: imports }) => {
    const found = await imports.loadImport(userId);
    if (found === null) {
      throw new StartError(`No import into the store of user ${userId} is in progress.`);
    }
    // A later import of the file must start from its beginning.
    const fromStart = { ...found, position: 0, expiredCount: 0 };
    await imports.saveImport(userId, fromStart);
    return fromStart;
  });
  await removeAll("removeEntries", target, userId, state);
  await inImport(target, userId, state, async (transaction, { head }) => {
    await transaction.save(new Map([[userId, { ...noEffects, head: head + 1n }]]));
    await transaction.import.setCompacted(userId, head + 1n);
    await transaction.import.saveImport(userId, null);
  });
}

async function begin(
  transaction: WriteTransaction,
  userId: string,
  { end }: WholeFile,
): Promise<ImportState> {
  const { import: imports } = transaction;
  const { heads, now } = await transaction.readLogs();
  const head = heads.get(userId) ?? 0n;
  const found = await imports.loadImport(userId);
  if (found !== null) {
    if (found.digest === end.sha256) return found;
    throw new StartError(
      `An import of another file into the store of user ${userId} is not finished. Import that file again to continue, ` +
        `or remove the imported part: baton import --discard --user ${userId}`,
    );
  }
  if (await imports.hasEntries(userId, now)) {
    throw new StartError(
      `The store of user ${userId} is not empty, and an import needs an empty store. ` +
        (head === end.revision
          ? "Its revision is that of the file, so the file was probably imported before."
          : "Choose another --user, or remove its entries first (clearNamespaces)."),
    );
  }
  if (head >= end.revision) {
    throw new StartError(
      `The store of user ${userId} is at revision ${head}, and the file is at revision ${end.revision}: ` +
        "the revision of a store cannot decrease. " +
        "Choose another --user.",
    );
  }
  const state = { digest: end.sha256, position: 0, expiredCount: 0 };
  await imports.setCompacted(userId, end.revision);
  await imports.saveImport(userId, state);
  return state;
}

/** Runs a step of an import in a transaction. Fails if another process has changed the state since the last step. */
function inImport<T>(
  target: Target,
  userId: string,
  expected: ImportState,
  work: (transaction: WriteTransaction, log: { head: bigint; now: Date }) => Promise<T>,
): Promise<T> {
  return target.write([userId], async (transaction) => {
    const { heads, now } = await transaction.readLogs();
    const found = await transaction.import.loadImport(userId);
    if (found?.digest !== expected.digest || found.position !== expected.position) {
      throw new StartError(
        `Another baton import writes to the store of user ${userId}. Wait until it has finished.`,
      );
    }
    return work(transaction, { head: heads.get(userId) ?? 0n, now });
  });
}

/** Removes in short steps, so that other writes can run between them. */
async function removeAll(
  what: "removeEntries" | "removeChanges",
  target: Target,
  userId: string,
  state: ImportState,
): Promise<void> {
  let removed: number;
  do {
    removed = await inImport(target, userId, state, (transaction) =>
      transaction.import[what](userId, removedAtOnce),
    );
  } while (removed === removedAtOnce);
}

/**
 * The combined effect of several lines. An expired entry does not exist (G8), so its line also removes an earlier entry
 * with its key.
 */
function netEffect(lines: readonly Line[], now: Date): { net: NetEffect; expiredCount: number } {
  const net = new NetEffect();
  let expiredCount = 0;
  for (const line of lines) {
    switch (line.kind) {
      case "EXISTING":
      case "SET": {
        const isOver = isExpired(line.entry, now);
        if (isOver) expiredCount++;
        net.leave(line.entry, isOver ? null : line.entry);
        break;
      }
      case "DELETED":
      case "EXPIRED":
        net.leave(line, null);
        break;
      case "NAMESPACE_CLEARED":
        net.clear(line.namespace);
        break;
      case "BATON_EXPORT":
      case "CAUGHT_UP":
        break;
    }
  }
  return { net, expiredCount };
}

async function storedHeads(transaction: WriteTransaction, userId: string, { places }: NetEffect) {
  if (places.length === 0) return new Map();
  const wanted = places.map(({ namespace, key }) => ({ userId, namespace, key, withValue: false }));
  const stored = await transaction.loadEntries(wanted);
  return new Map(stored.map(({ entry }) => [placeId(entry), entry]));
}

async function* batches(
  lines: AsyncIterable<Line>,
  { maxItems, maxBytes }: PageBounds,
): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  let bytes = 0;
  for await (const line of lines) {
    batch.push(line);
    if ("entry" in line) bytes += line.entry.sizeBytes;
    if (batch.length < maxItems && bytes < maxBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
