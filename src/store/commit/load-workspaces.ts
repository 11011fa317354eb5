import type { WantedEntry, WriteTransaction } from "../contract.ts";
import { limitExceeded, type BatonError } from "../../errors.ts";
import { answerAgeMs, parseResult, type StoredAnswer } from "./answer.ts";
import type { StoredEntry } from "../model/claim.ts";
import {
  placeId,
  type ClaimOperation,
  type Command,
  type Operation,
  type Place,
} from "./command.ts";
import type { Limits } from "../model/limits.ts";
import { importUnderWay } from "../model/log.ts";
import { intersect, matches } from "../model/text-match.ts";
import { Workspace } from "./workspace.ts";

/** A transaction does not load more bytes of values: the commands behind wait for the next. */
const maxLoadedBytes = 64 * 1024 * 1024;

/** Whether a command may be decided: why not, or that it is not its turn. */
type Admission = "admitted" | "postponed" | BatonError;

export interface LoadedWorkspaces {
  /** By user. */
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** In the order of the commands. */
  readonly admission: readonly Admission[];
}

/** Loads what the commands touch, with the values that they need and no others. */
export async function loadWorkspaces(
  transaction: WriteTransaction,
  limits: Limits,
  commands: readonly Command[],
): Promise<LoadedWorkspaces> {
  const byUser = new Map<string, Command[]>();
  for (const command of commands) {
    const own = byUser.get(command.userId);
    if (own) own.push(command);
    else byUser.set(command.userId, [command]);
  }
  const { now, heads, importing } = await transaction.lock([...byUser.keys()].sort());
  for (const userId of importing) byUser.delete(userId);

  const touched = commands.map((command) =>
    importing.has(command.userId) ? [] : touchedEntries(command),
  );
  const { entries: loaded, admission } = await loadEntries(transaction, limits, touched);
  const answers = await loadAnswers(transaction, commands, now);

  const workspaces = new Map<string, Workspace>();
  for (const [userId, own] of byUser) {
    const operations = own.flatMap((command) => command.operations);
    const places = touched.flat().filter((place) => place.userId === userId);
    const cleared = operations.flatMap((operation) =>
      operation.kind === "clear" ? operation.namespaces : [],
    );
    const workspace = new Workspace({
      head: heads.get(userId) ?? 0n,
      now,
      entries: [
        // What is loaded for another reason too has its value then: the later one counts.
        ...(await loadFree(transaction, userId, operations, places, now)),
        ...loaded.filter((row) => row.userId === userId).map((row) => row.entry),
      ],
      entryCounts:
        cleared.length > 0 ? await transaction.countEntries(userId, cleared, now) : new Map(),
      answers: answers.found
        .filter((answer) => answer.userId === userId)
        .map(({ results, ...answer }) => ({ ...answer, result: parseResult(results) })),
    });
    workspaces.set(userId, workspace);
  }
  const isPostponed = ({ userId, idempotency }: Command) =>
    idempotency !== null && answers.postponed.has(answerId(userId, idempotency.key));
  return {
    workspaces,
    admission: admission.map((own, index) => {
      const command = commands[index] as Command;
      if (importing.has(command.userId)) return importUnderWay();
      return isPostponed(command) ? "postponed" : own;
    }),
  };
}

/** The answers that repeats are to be given; where they are too much for one transaction, some wait for the next. */
async function loadAnswers(
  transaction: WriteTransaction,
  commands: readonly Command[],
  now: Date,
): Promise<{
  found: readonly (StoredAnswer & { userId: string })[];
  postponed: ReadonlySet<string>;
}> {
  const asked = new Map<string, { userId: string; idempotencyKey: string }>();
  for (const { userId, idempotency } of commands) {
    if (idempotency === null) continue;
    asked.set(answerId(userId, idempotency.key), { userId, idempotencyKey: idempotency.key });
  }
  if (asked.size === 0) return { found: [], postponed: new Set() };
  const oldest = new Date(now.getTime() - answerAgeMs);
  const loaded = await transaction.loadAnswers([...asked.values()], oldest, maxLoadedBytes);
  const isFound = (answer: (typeof loaded)[number]): answer is StoredAnswer & { userId: string } =>
    answer.results !== null;
  return {
    found: loaded.filter(isFound),
    postponed: new Set(
      loaded
        .filter((answer) => !isFound(answer))
        .map(({ userId, idempotencyKey }) => answerId(userId, idempotencyKey)),
    ),
  };
}

function answerId(userId: string, idempotencyKey: string): string {
  return JSON.stringify([userId, idempotencyKey]);
}

type LoadedEntries = Awaited<ReturnType<WriteTransaction["loadEntries"]>>;

/** One statement where the values can't be too much; otherwise one for the sizes first. */
async function loadEntries(
  transaction: WriteTransaction,
  limits: Limits,
  touched: readonly (readonly WantedEntry[])[],
): Promise<{ entries: LoadedEntries; admission: Admission[] }> {
  const wanted = distinct(touched.flat());
  const values = wanted.filter(({ withValue }) => withValue);
  if (values.length * (limits.maxValueBytes + limits.maxMetadataBytes) <= maxLoadedBytes) {
    const entries = wanted.length > 0 ? await transaction.loadEntries(wanted) : [];
    return { entries, admission: touched.map(() => "admitted") };
  }
  const bare = await transaction.loadEntries(wanted.map((one) => ({ ...one, withValue: false })));
  const sizes = new Map(bare.map(({ userId, entry }) => [placeId(userId, entry), entry.sizeBytes]));
  const { admission, admitted } = admit(limits, touched, sizes);
  const full = await transaction.loadEntries(admitted);
  return { entries: [...bare, ...full], admission };
}

/** Lets in commands, in their order, as long as there is room for the values that they need. */
function admit(
  limits: Limits,
  touched: readonly (readonly WantedEntry[])[],
  sizes: ReadonlyMap<string, number>,
): { admission: Admission[]; admitted: WantedEntry[] } {
  const admitted = new Map<string, WantedEntry>();
  let bytes = 0;
  let isFull = false;
  const admission = touched.map((places): Admission => {
    const needed = distinct(places).filter(({ withValue }) => withValue);
    const size = needed.reduce(
      (sum, place) => sum + (sizes.get(placeId(place.userId, place)) ?? 0),
      0,
    );
    if (size > limits.maxResponseBytes) return tooMuch(limits);
    isFull ||= bytes > 0 && bytes + size > maxLoadedBytes;
    if (isFull) return "postponed";
    bytes += size;
    for (const place of needed) admitted.set(placeId(place.userId, place), place);
    return "admitted";
  });
  return { admission, admitted: [...admitted.values()] };
}

function tooMuch({ maxResponseBytes }: Limits): BatonError {
  return limitExceeded(
    "maxResponseBytes",
    maxResponseBytes,
    `The entries that one call changes may have ${maxResponseBytes} bytes together. Split the call.`,
  );
}

/** What the claims may be granted: as many as could be, should all else that is touched turn out not to be free. */
async function loadFree(
  transaction: WriteTransaction,
  userId: string,
  operations: readonly Operation[],
  touched: readonly WantedEntry[],
  now: Date,
): Promise<StoredEntry[]> {
  const groups = new Map<string, ClaimOperation[]>();
  for (const operation of operations) {
    if (operation.kind !== "claim") continue;
    const id = JSON.stringify([operation.namespace, operation.keys]);
    groups.set(id, [...(groups.get(id) ?? []), operation]);
  }
  const found: StoredEntry[] = [];
  for (const claims of groups.values()) {
    const { namespace, keys } = claims[0] as ClaimOperation;
    const rivals = operations.filter(
      (operation) =>
        operation.kind === "claim" &&
        operation.namespace === namespace &&
        intersect(operation.keys, keys) !== null,
    );
    const others = new Set(
      touched
        .filter((place) => place.namespace === namespace && matches(keys, place.key))
        .map(({ key }) => key),
    );
    const maxItems = rivals.length + others.size;
    found.push(...(await transaction.loadFree({ userId, namespace, keys, now }, maxItems)));
  }
  return found;
}

/** What a command touches, and whose value it is made of. */
function touchedEntries(command: Command): WantedEntry[] {
  const { userId } = command;
  const wanted = ({ namespace, key }: Place, withValue = false) => {
    return { userId, namespace, key, withValue };
  };
  return [
    ...command.sweep.map((place) => wanted(place)),
    ...command.conditions.map((condition) => wanted(condition)),
    ...command.operations.flatMap((operation): WantedEntry[] => {
      switch (operation.kind) {
        case "increment":
        case "patch":
        case "append":
          return [wanted(operation, true)];
        case "complete":
          return [wanted(operation, operation.value === null)];
        case "set":
        case "delete":
        case "renew":
        case "release":
          return [wanted(operation)];
        case "clear":
        case "claim":
          return [];
      }
    }),
  ];
}

function distinct(entries: readonly WantedEntry[]): WantedEntry[] {
  const found = new Map<string, WantedEntry>();
  for (const entry of entries) {
    const id = placeId(entry.userId, entry);
    if (entry.withValue || !found.has(id)) found.set(id, entry);
  }
  return [...found.values()];
}
