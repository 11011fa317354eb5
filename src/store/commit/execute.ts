import { BatonError, diskIsLow, diskIsVeryLow } from "../../errors.ts";
import { isLoopHeld, largeWriters, nextTurn, writers } from "../../event-loop.ts";
import { inSteps } from "../../in-steps.ts";
import type { Steps } from "../../json/long-value-parts.ts";
import type { WriteTransaction } from "../contract.ts";
import type { Limits } from "../model/limits.ts";
import type { Command, CommandResult, Idempotency, Outcome, Postponed } from "./command.ts";
import { concealed } from "./concealed.ts";
import { decide, type Decision } from "./decide.ts";
import {
  isRecorded,
  parseResult,
  recordBytes,
  requireSameCall,
  serialiseResult,
} from "./idempotency.ts";
import { load, recordId, type Loaded } from "./load.ts";
import type { RecordAllowance } from "./record-allowance.ts";
import { shownBytes, ShownValues } from "./shown-values.ts";
import type { Effects, IdempotencyRecord } from "./state.ts";
import { maxTransactionBytes } from "./transaction-bytes.ts";
import type { UserState } from "./user-state.ts";

/** The outcome of a committed batch. */
export interface Committed {
  /** One for each command, in their order. */
  readonly outcomes: readonly Outcome[];
  /** By user. */
  readonly effects: ReadonlyMap<string, Effects>;
  /** The number of operations that left an idempotency record, by user. */
  readonly recorded: ReadonlyMap<string, number>;
}

/** What holds for every command of a transaction. */
export interface Bounds {
  readonly limits: Limits;
  /** Whether commands that add data are refused: see `Draft.addsData`. */
  readonly isDiskLow: boolean;
  /** Whether commands that do not free more than they store are refused. */
  readonly isDiskVeryLow: boolean;
  /** Whether the transaction is for one user alone, and its commands can be large. */
  readonly isAlone: boolean;
  readonly records: RecordAllowance;
}

/** The size of a small entry in the database, about. */
const leastEntryBytes = 200;

/** The decision about a command, or an outcome that needs no decision. */
type Step = Decision | Outcome;

/**
 * Runs commands within one transaction:
 *
 * 1. Read the heads and the time, and load what the commands touch.
 * 2. Decide each command in order, based on the state that the commands before it left.
 * 3. Load the values that only responses show.
 * 4. Save the net effect, with the idempotency records.
 */
export async function execute(
  transaction: WriteTransaction,
  bounds: Bounds,
  commands: readonly Command[],
): Promise<Committed> {
  const loaded = await load(transaction, bounds, commands);
  const recorded = new Map<string, number>();
  // In turns with other work of the process, so that large values and many operations do not block it.
  const who = bounds.isAlone ? largeWriters : writers;
  const steps = await inSteps(decideAll(bounds, loaded, commands, recorded), who);
  const shown = await ShownValues.load(transaction, commands, steps);
  const records = new Map<string, IdempotencyRecord[]>();
  const outcomes = commands.map((command, index): Outcome => {
    const step = steps[index] as Step;
    if (!("kind" in step)) return step;
    const outcome = shown.outcomeOf(command, step);
    // A repeat within the same batch shares the decision, so its record is saved once.
    if ("result" in outcome && steps.indexOf(step) === index) {
      record(records, command, outcome.result, loaded.now);
    }
    return outcome;
  });
  const effects = new Map<string, Effects>();
  for (const [userId, state] of loaded.states) {
    if (isLoopHeld()) await nextTurn(who);
    const effect = state.effects(records.get(userId) ?? []);
    if (effect) effects.set(userId, effect);
  }
  if (effects.size > 0) await transaction.save(effects);
  return { outcomes, effects, recorded };
}

function* decideAll(
  { limits, isDiskLow, isDiskVeryLow, isAlone, records }: Bounds,
  loaded: Loaded,
  commands: readonly Command[],
  recorded: Map<string, number>,
): Steps<Step[]> {
  /** The decisions of this batch that a later command can repeat. */
  const repeatable = new Map<string, { decision: Decision; digest: string }>();
  /** What the commands so far write, and what their responses load. */
  const moved = { bytes: 0 };
  /** The users of postponed commands. Their later commands are postponed, too, because they keep their order. */
  const stopped = new Set<string>();
  const decided: Step[] = [];
  for (const [index, command] of commands.entries()) {
    decided.push(yield* decideOne(command, index));
  }
  return decided;

  function* decideOne(command: Command, index: number): Steps<Step> {
    const admission = loaded.admissions[index];
    if (admission instanceof BatonError) return { refusal: admission };
    if (admission && "postponed" in admission) return postpone(command, admission.postponed);
    if (moved.bytes > maxTransactionBytes || stopped.has(command.userId)) {
      return postpone(command, "full");
    }
    const { idempotency, userId, agent } = command;
    const id = recordId(command);
    try {
      if (idempotency && id !== null) {
        const earlier = repeatable.get(id);
        if (earlier) requireSameCall(idempotency, earlier.digest);
        if (earlier) return earlier.decision;
        const stored = loaded.records.get(id);
        if (stored) requireSameCall(idempotency, stored.digest);
        if (stored) return { result: parseResult(command, stored.results as string) };
      }
    } catch (error) {
      if (error instanceof BatonError) return { refusal: error };
      throw error;
    }
    const state = loaded.states.get(userId) as UserState;
    const decision = yield* decide({ limits, agent, isAlone }, state, command);
    if (decision === null) return postpone(command, "large");
    const shown = shownBytes(command, decision);
    if (!isAlone && shown > maxTransactionBytes) return postpone(command, "large");
    moved.bytes += shown;
    if (decision.kind === "done") {
      const isAdding = decision.draft.addsData;
      if (isDiskLow && isAdding) return { refusal: diskIsLow() };
      const leavesRecord = idempotency !== null && isRecorded(decision.result as CommandResult);
      if (isDiskVeryLow && !freesSpace(state, decision, leavesRecord ? idempotency : null)) {
        return { refusal: diskIsVeryLow() };
      }
      const before = recorded.get(userId) ?? 0;
      const tooMany = leavesRecord && records.refusal(command, isAdding, before);
      if (tooMany) return { refusal: tooMany };
      const tooMuch = loaded.quotas.get(userId)?.take(state, decision.draft);
      if (tooMuch) return { refusal: command.mayRead ? tooMuch : concealed(tooMuch) };
      yield;
      state.apply(decision.draft);
      moved.bytes += decision.cost;
      if (leavesRecord && id !== null) {
        recorded.set(userId, before + command.operations.length);
        repeatable.set(id, { decision, digest: idempotency.digest });
      }
    }
    return decision;
  }

  function postpone({ userId }: Command, postponed: Postponed): Outcome {
    stopped.add(userId);
    return { postponed };
  }
}

/**
 * Whether a command frees more than it stores. The log keeps the key of a deleted entry, so a key frees nothing. A claim
 * frees nothing either. A command that stores nothing needs no space.
 */
function freesSpace(
  state: UserState,
  { draft, result }: Decision & { readonly kind: "done" },
  recorded: Idempotency | null,
): boolean {
  if (draft.claimed.size > 0) return false;
  if (recorded === null) return true;
  let freed = 0;
  for (const { namespace, key } of draft.changes) {
    const entry = key === null ? null : state.entry({ namespace, key });
    if (entry) freed += entry.sizeBytes - Buffer.byteLength(entry.key);
  }
  for (const one of result.results) {
    if (one.kind === "cleared") freed += one.clearedCount * leastEntryBytes;
  }
  return freed > recordBytes(recorded, result);
}

function record(
  records: Map<string, IdempotencyRecord[]>,
  command: Command,
  result: CommandResult,
  at: Date,
): void {
  const { userId, idempotency } = command;
  if (!idempotency || !isRecorded(result)) return;
  const own = records.get(userId) ?? [];
  records.set(userId, own);
  const { key: idempotencyKey, digest } = idempotency;
  own.push({ idempotencyKey, digest, at, results: serialiseResult(command, result) });
}
