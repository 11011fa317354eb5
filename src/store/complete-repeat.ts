import { resultNotKept } from "../errors.ts";
import type { Command, CommandResult } from "./commit/command.ts";
import { lacksError, referenceIn, type EntryReference } from "./commit/idempotency.ts";
import { givenKey } from "./commit/record-key.ts";
import type { Log, PastLog, ReadView } from "./contract.ts";
import type { StoredEntry } from "./model/claim.ts";
import { shownEntry, type Entry } from "./model/entry.ts";
import type { Place } from "./model/place.ts";
import { exact } from "./model/text-match.ts";
import type { OperationResult } from "./operations/operation.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** The reads that the repeat of a call needs. */
export type RepeatView = Pick<ReadView, "readStoredEntries"> &
  Pick<PastLog, "readRevisions"> &
  Pick<Log, "readLogEnds">;

/** One statement reads about this many bytes of entries. */
const readBytes = 1024 * 1024;

/**
 * Reads the parts of a result that its idempotency record left out:
 *
 * 1. Read the entries from the log, at the revisions that the call wrote or claimed.
 * 2. If retention has removed a revision, read the current entry. It is the same while it has the revision.
 * 3. Read the error of a claim from the current entry, while the claim holds it.
 *
 * A small request can repeat a call that wrote many large entries. So the reads wait for their part of the user's memory.
 * The result of a first call is complete.
 *
 * @throws REVISION_COMPACTED with `reason: "RESPONSE"` if retention has removed a part, RATE_LIMITED if the user's memory
 *   has no room for the entries
 */
export async function completeRepeat(
  view: RepeatView,
  memory: SharedMemory,
  command: Command,
  result: CommandResult,
): Promise<CommandResult> {
  const references = result.results.flatMap((one) => referenceIn(one) ?? []);
  if (references.length === 0 && !result.results.some(lacksError)) return result;
  const bytes = references.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return memory.reserveDuring(command.userId, bytes, () =>
    complete(view, command, result, references),
  );
}

async function complete(
  view: RepeatView,
  command: Command,
  { results, revision }: CommandResult,
  references: readonly EntryReference[],
): Promise<CommandResult> {
  const logged = await readLogged(view, command.userId, references);
  const completed: OperationResult[] = [];
  for (const [index, one] of results.entries()) {
    let whole = one;
    const reference = referenceIn(one);
    if (reference) {
      const entry =
        logged.get(reference.revision) ??
        (await currentEntry(view, command.userId, reference, reference));
      if (!entry) throw await notKept();
      whole = { ...whole, entry: shownEntry(entry) } as OperationResult;
    }
    if (lacksError(whole)) {
      const { claim } = whole;
      const place = whole.kind === "claimed" ? whole.entry : command.operations[index];
      const stored = await currentEntry(view, command.userId, place as Place);
      if (stored?.claimToken !== claim.token) throw await notKept();
      whole = { ...whole, claim: { ...claim, error: stored.claimError } } as OperationResult;
    }
    completed.push(whole);
  }
  return { results: completed, revision };

  async function notKept() {
    const { compacted } = await view.readLogEnds(command.userId);
    return resultNotKept(givenKey(command.idempotency?.key ?? ""), revision, compacted + 1n);
  }
}

/** Reads entries from the log, as far as it still has them. Returns them by their revision. */
async function readLogged(
  view: RepeatView,
  userId: string,
  references: readonly EntryReference[],
): Promise<ReadonlyMap<bigint, Entry>> {
  const found = new Map<bigint, Entry>();
  let some: EntryReference[] = [];
  let bytes = 0;
  const read = async () => {
    const changes = await view.readRevisions(
      userId,
      some.map(({ revision }) => revision),
    );
    const wanted = new Map(some.map((reference) => [reference.revision, reference]));
    for (const { revision, entry } of changes) {
      if (entry && isSame(entry, wanted.get(revision))) found.set(revision, entry);
    }
    some = [];
    bytes = 0;
  };
  for (const reference of references) {
    some.push(reference);
    bytes += reference.sizeBytes;
    if (bytes >= readBytes) await read();
  }
  if (some.length > 0) await read();
  return found;
}

/** Reads the current entry of a place. With a reference, returns null if the entry has changed since. */
async function currentEntry(
  view: RepeatView,
  userId: string,
  { namespace, key }: Place,
  reference?: EntryReference,
): Promise<StoredEntry | null> {
  const selection = { namespaces: [exact(namespace)], keys: exact(key) };
  const query = { userId, selection, onlyKeys: null, after: null };
  const { items } = await view.readStoredEntries(query, { maxItems: 1, maxBytes: readBytes });
  const [entry = null] = items;
  return entry && (!reference || isSame(entry, reference)) ? entry : null;
}

/** Whether it is the entry that the call returned. An import can bring another entry with the same revision. */
function isSame(entry: Entry, reference: EntryReference | undefined): boolean {
  return (
    entry.revision === reference?.revision &&
    entry.updatedAt.getTime() === reference.updatedAt.getTime() &&
    entry.namespace === reference.namespace &&
    entry.key === reference.key
  );
}
