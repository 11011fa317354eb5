import type { WantedEntry, WriteTransaction } from "../database/database.ts";
import { BatonError } from "../errors.ts";
import { parseResult } from "./answer.ts";
import type { StoredEntry } from "./claim.ts";
import {
  writtenBytes,
  type ClaimOperation,
  type Command,
  type CommandResult,
  type Operation,
} from "./command.ts";
import { decide } from "./decide.ts";
import type { Limits } from "./limits.ts";
import { matches } from "./text-match.ts";
import { Workspace, type Effects } from "./workspace.ts";

/** What came of one command: its result, why it was refused, or that the transaction was full before it. */
export type Outcome =
  | { readonly result: CommandResult }
  | { readonly refusal: BatonError }
  | { readonly postponed: true };

/** What a committed batch came to. */
export interface Committed {
  /** In the order of the commands. */
  readonly outcomes: readonly Outcome[];
  /** By user. */
  readonly effects: ReadonlyMap<string, Effects>;
}

/** How long a repeat of a mutation is answered as the first was. */
export const answerAgeMs = 24 * 3_600_000;

/**
 * A transaction that writes more than this takes no further commands: how much they write, where it is made of what
 * there is, was not known before.
 */
const maxWrittenBytes = 16 * 1024 * 1024;

/** Runs commands in order within one transaction: loads what they touch, decides each, saves what they came to. */
export async function execute(
  transaction: WriteTransaction,
  limits: Limits,
  commands: readonly Command[],
): Promise<Committed> {
  const workspaces = await loadWorkspaces(transaction, commands);
  let bytes = 0;
  const decided = commands.map((command): Outcome => {
    if (bytes > maxWrittenBytes) return { postponed: true };
    try {
      const result = decide(limits, workspaces.get(command.userId) as Workspace, command);
      for (const done of result.results) bytes += writtenBytes(done);
      return { result };
    } catch (error) {
      if (error instanceof BatonError) return { refusal: error };
      throw error;
    }
  });
  const fill = await loadGrantedValues(transaction, commands, decided);
  const outcomes = decided.map((outcome, index) =>
    "result" in outcome
      ? { result: fill((commands[index] as Command).userId, outcome.result) }
      : outcome,
  );
  const effects = new Map<string, Effects>();
  for (const [userId, workspace] of workspaces) {
    const effect = workspace.effects((result) => fill(userId, result));
    if (effect) effects.set(userId, effect);
  }
  if (effects.size > 0) await transaction.save(effects);
  return { outcomes, effects };
}

async function loadWorkspaces(
  transaction: WriteTransaction,
  commands: readonly Command[],
): Promise<Map<string, Workspace>> {
  const byUser = new Map<string, Command[]>();
  for (const command of commands) {
    const own = byUser.get(command.userId);
    if (own) own.push(command);
    else byUser.set(command.userId, [command]);
  }
  const { now, heads } = await transaction.lock([...byUser.keys()].sort());

  const touched = commands.flatMap(touchedEntries);
  const loaded = touched.length > 0 ? await transaction.loadEntries(distinct(touched)) : [];
  const repeatable = commands.flatMap(({ userId, idempotency }) =>
    idempotency ? [{ userId, idempotencyKey: idempotency.key }] : [],
  );
  const oldest = new Date(now.getTime() - answerAgeMs);
  const answers = repeatable.length > 0 ? await transaction.loadAnswers(repeatable, oldest) : [];

  const workspaces = new Map<string, Workspace>();
  for (const [userId, own] of byUser) {
    const operations = own.flatMap((command) => command.operations);
    const places = touched.filter((place) => place.userId === userId);
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
      answers: answers
        .filter((answer) => answer.userId === userId)
        .map(({ results, ...answer }) => ({ ...answer, result: parseResult(results) })),
    });
    workspaces.set(userId, workspace);
  }
  return workspaces;
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
      (operation) => operation.kind === "claim" && operation.namespace === namespace,
    );
    const others = touched.filter(
      (place) => place.namespace === namespace && matches(keys, place.key),
    );
    const maxItems = rivals.length + others.length;
    found.push(...(await transaction.loadFree({ userId, namespace, keys, now }, maxItems)));
  }
  return found;
}

/** Values are large: those of granted entries are loaded once it is known which. */
async function loadGrantedValues(
  transaction: WriteTransaction,
  commands: readonly Command[],
  outcomes: readonly Outcome[],
): Promise<(userId: string, result: CommandResult) => CommandResult> {
  const granted = outcomes.flatMap((outcome, index) => {
    const { userId } = commands[index] as Command;
    const results = "result" in outcome ? outcome.result.results : [];
    return results.flatMap((result) =>
      result.kind === "claimed" && result.entry?.value === ""
        ? [{ userId, namespace: result.entry.namespace, key: result.entry.key, withValue: true }]
        : [],
    );
  });
  const loaded = granted.length > 0 ? await transaction.loadEntries(distinct(granted)) : [];
  const values = new Map(
    loaded.map(({ userId, entry }) => [idOf({ userId, ...entry }), entry.value]),
  );
  return (userId, { results, revision }) => ({
    results: results.map((result) => {
      if (result.kind !== "claimed" || result.entry?.value !== "") return result;
      const { entry } = result;
      return {
        ...result,
        entry: { ...entry, value: values.get(idOf({ userId, ...entry })) ?? "" },
      };
    }),
    revision,
  });
}

/** What a command touches, and whose value it needs: of what was there a set shows it in a refusal only. */
function touchedEntries(command: Command): WantedEntry[] {
  const { userId } = command;
  const wanted = (place: { namespace: string; key: string }, withValue: boolean): WantedEntry => ({
    userId,
    namespace: place.namespace,
    key: place.key,
    withValue,
  });
  return [
    ...command.sweep.map((place) => wanted(place, false)),
    ...command.conditions.map((condition) => wanted(condition, true)),
    ...command.operations.flatMap((operation): WantedEntry[] => {
      switch (operation.kind) {
        case "set":
        case "delete":
          return [wanted(operation, operation.ifRevision !== null)];
        case "increment":
        case "patch":
        case "append":
          return [wanted(operation, true)];
        case "complete":
          return [wanted(operation, operation.value === null)];
        case "renew":
        case "release":
          return [wanted(operation, false)];
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
    const id = idOf(entry);
    if (entry.withValue || !found.has(id)) found.set(id, entry);
  }
  return [...found.values()];
}

function idOf({ userId, namespace, key }: Omit<WantedEntry, "withValue">): string {
  return JSON.stringify([userId, namespace, key]);
}
