import type { PageBounds, WriteAccess, WriteTransaction } from "../store/contract.ts";
import { BatonError } from "../errors.ts";
import { StartError } from "../start-error.ts";
import type { ImportState } from "../store/model/import-state.ts";
import { NetEffect } from "../store/commit/net-effect.ts";
import type { Effects } from "../store/commit/user-state.ts";
import { isExpired } from "../store/model/entry.ts";
import { placeId } from "../store/model/place.ts";
import type { EndLine, Line } from "./line.ts";
import { linesFrom, type ReadExport } from "./read-export.ts";

type Target = WriteAccess;

/** Small enough that others' writes, which wait for it, do not wait for long. */
const defaultBatchBounds: PageBounds = { maxItems: 1_000, maxBytes: 1024 * 1024 };
const removedAtOnce = 1_000;
const noEffects: Omit<Effects, "head"> = {
  cleared: [],
  deleted: [],
  written: [],
  claimed: [],
  changes: [],
  records: [],
};

/** A file that was found whole. */
export interface ImportFile {
  readonly file: string;
  readonly lineCount: number;
  readonly end: EndLine;
}

/** @throws StartError unless it is whole */
export function wholeFile(file: string, { sequence, isTorn }: ReadExport): ImportFile {
  const { end, lineCount } = sequence;
  if (end !== null && !isTorn) return { file, lineCount, end };
  throw new StartError(
    `${file}, line ${lineCount + 1}: The file is not whole: it ends before its CAUGHT_UP line. ` +
      "Go on with the export: baton export --output … --resume",
  );
}

export interface ImportProgress {
  /** Told how many lines are done. */
  onBatch(lines: number): void;
  /** Asked between batches. @throws to stop there */
  checkStop(lines: number): void | Promise<void>;
}

/**
 * Brings the file into a user's empty store, batch by batch, or goes on where it was interrupted. Meanwhile the user's
 * log begins behind its end, so that nobody else writes there, and nobody who follows it takes a part for the whole.
 * @returns how many entries had expired
 * @throws StartError when the store is not empty, or another import into it is under way
 */
export async function importStore(
  target: Target,
  userId: string,
  imported: ImportFile,
  progress: ImportProgress,
  batchBounds = defaultBatchBounds,
): Promise<number> {
  const { file, end } = imported;
  let state = await target.write([userId], (transaction) => begin(transaction, userId, imported));
  if (state.position === 0) {
    // What had expired, or what an import left that was not taken back to its end.
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
      // With its head the log reaches its beginning: the store is there, and the next change is the one after.
      const headAfter = isLast ? end.revision : head;
      const brought = net.effects(await storedHeads(transaction, userId, net));
      await transaction.save(new Map([[userId, { ...noEffects, ...brought, head: headAfter }]]));
      await transaction.import.saveImport(userId, isLast ? null : after);
      return after;
    });
    state = await done.catch((error: unknown) => {
      if (error instanceof StartError || error instanceof BatonError) throw error;
      // PostgreSQL, say, does not index a key of some thousand bytes.
      const reason = (error as Error).message.trim().split("\n").at(-1);
      throw new StartError(
        `${file}, lines ${before.position + 1} to ${before.position + lines.length} can't be stored here: ${reason}. ` +
          `baton import --discard --user ${userId} takes back what was.`,
      );
    });
    progress.onBatch(state.position);
  }
  if (state.position < imported.lineCount) {
    throw new StartError(
      `${file} was changed meanwhile. Put it back and import it again to go on.`,
    );
  }
  return state.expiredCount;
}

/**
 * Removes what an import that was not finished has brought, so that the store is empty, and its user's again. The log
 * goes on after a revision that it does not have: an export or a snapshot that began before the import may have read of
 * it, and an entry that had expired went without a change. So nobody goes on from before as if nothing had been (G3, G4).
 */
export async function discardImport(target: Target, userId: string): Promise<void> {
  const state = await target.write([userId], async ({ import: imports }) => {
    const found = await imports.loadImport(userId);
    if (found === null) {
      throw new StartError(`No import into the store of user ${userId} is under way.`);
    }
    // Should the file be imported after all, it begins anew.
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
  { end }: ImportFile,
): Promise<ImportState> {
  const { import: imports } = transaction;
  const { heads, now } = await transaction.readLogs();
  const head = heads.get(userId) ?? 0n;
  const found = await imports.loadImport(userId);
  if (found !== null) {
    if (found.digest === end.sha256) return found;
    throw new StartError(
      `An import of another file into the store of user ${userId} is not finished. Import that file again to go on, ` +
        `or take back what there is of it: baton import --discard --user ${userId}`,
    );
  }
  if (await imports.hasEntries(userId, now)) {
    throw new StartError(
      `The store of user ${userId} is not empty, and an import does not mix. ` +
        (head === end.revision
          ? "It is at the file's own revision: the file was imported before, it seems."
          : "Choose another --user, or remove its entries first (clearNamespaces)."),
    );
  }
  if (head >= end.revision) {
    throw new StartError(
      `The store of user ${userId} is at revision ${head}, and the file at ${end.revision}: the log can't go back. ` +
        "Choose another --user.",
    );
  }
  const state = { digest: end.sha256, position: 0, expiredCount: 0 };
  await imports.setCompacted(userId, end.revision);
  await imports.saveImport(userId, state);
  return state;
}

/** A step of an import, in a transaction that finds it as the step before left it. */
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
        `Another baton import works on the store of user ${userId}. Let one of them finish.`,
      );
    }
    return work(transaction, { head: heads.get(userId) ?? 0n, now });
  });
}

/** In steps short enough to let writes in between. */
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
 * What some lines come to together. An entry that has expired does not exist (G8): its line leaves nothing of what the
 * key held before, either.
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
