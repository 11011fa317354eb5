import type { WriteTransaction } from "../contract.ts";
import { BatonError } from "../../errors.ts";
import { writtenBytes, type Command, type CommandResult } from "./command.ts";
import { decide } from "./decide.ts";
import { loadShownValues } from "./load-shown-values.ts";
import { loadWorkspaces } from "./load-workspaces.ts";
import type { Limits } from "../model/limits.ts";
import type { Effects, Workspace } from "./workspace.ts";

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
  const { workspaces, admission } = await loadWorkspaces(transaction, limits, commands);
  let bytes = 0;
  const decided = commands.map((command, index): Outcome => {
    const barred = admission[index];
    if (barred === "postponed" || bytes > maxWrittenBytes) return { postponed: true };
    if (barred instanceof BatonError) return { refusal: barred };
    try {
      const result = decide(limits, workspaces.get(command.userId) as Workspace, command);
      for (const done of result.results) bytes += writtenBytes(done);
      return { result };
    } catch (error) {
      if (error instanceof BatonError) return { refusal: error };
      throw error;
    }
  });
  const shown = await loadShownValues(transaction, commands, decided);
  const outcomes = decided.map((outcome, index): Outcome => {
    const { userId } = commands[index] as Command;
    if ("result" in outcome) return { result: shown.inResult(userId, outcome.result) };
    return "refusal" in outcome ? { refusal: shown.inRefusal(userId, outcome.refusal) } : outcome;
  });
  const effects = new Map<string, Effects>();
  for (const [userId, workspace] of workspaces) {
    const effect = workspace.effects((result) => shown.inResult(userId, result));
    if (effect) effects.set(userId, effect);
  }
  if (effects.size > 0) await transaction.save(effects);
  return { outcomes, effects };
}
