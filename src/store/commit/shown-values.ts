import type { WriteTransaction } from "../contract.ts";
import { userPlaceId, type Place } from "../model/place.ts";
import type { OperationResult } from "../operations/operation.ts";
import type { Command, Outcome } from "./command.ts";
import { concealedConflict, conflict } from "./conflict.ts";
import type { Decision } from "./decide.ts";
import type { LoadedEntry } from "./state.ts";

/** Whether a step is a decision. */
const isDecision = (step: Decision | Outcome): step is Decision => "kind" in step;

/**
 * The values that responses show but decisions did not need: those of claimed entries, and of entries whose condition
 * did not hold. Values can be large, so they are loaded after it is known which ones are shown.
 */
export class ShownValues {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  static async load(
    transaction: WriteTransaction,
    commands: readonly Command[],
    steps: readonly (Decision | Outcome)[],
  ): Promise<ShownValues> {
    const wanted = new Map<string, Place & { userId: string; withValue: true }>();
    steps.forEach((step, index) => {
      const command = commands[index] as Command;
      if (!isDecision(step)) return;
      for (const entry of shownEntries(command, step)) {
        if (entry.value !== undefined) continue;
        const { userId } = command;
        const { namespace, key } = entry;
        wanted.set(userPlaceId(userId, entry), { userId, namespace, key, withValue: true });
      }
    });
    const values = new Map<string, string>();
    if (wanted.size > 0) {
      for (const { userId, entry } of await transaction.loadEntries([...wanted.values()])) {
        if (entry.value !== undefined) values.set(userPlaceId(userId, entry), entry.value);
      }
    }
    return new ShownValues(values);
  }

  /** Returns the outcome of a decision for its caller. */
  outcomeOf(command: Command, decision: Decision): Outcome {
    switch (decision.kind) {
      case "refused":
        return { refusal: decision.error };
      case "unmet": {
        const { condition, found } = decision;
        if (!command.mayRead) return { refusal: concealedConflict(condition) };
        const value = found === null ? "null" : this.#valueOf(command.userId, found);
        return { refusal: conflict(condition, found, value) };
      }
      case "done": {
        const { results, revision } = decision.result;
        return {
          result: { results: results.map((result) => this.#shown(command, result)), revision },
        };
      }
    }
  }

  #shown({ userId }: Command, result: OperationResult<LoadedEntry>): OperationResult {
    if (result.kind !== "claimed") return result;
    const { entry } = result;
    return { ...result, entry: entry && { ...entry, value: this.#valueOf(userId, entry) } };
  }

  #valueOf(userId: string, entry: LoadedEntry): string {
    return entry.value ?? this.#values.get(userPlaceId(userId, entry)) ?? "null";
  }
}

/** The number of bytes that a response loads after the decision. */
export function shownBytes(command: Command, decision: Decision): number {
  let bytes = 0;
  for (const { value, sizeBytes } of shownEntries(command, decision)) {
    if (value === undefined) bytes += sizeBytes;
  }
  return bytes;
}

/** Returns the entries whose value a response shows. */
function shownEntries({ mayRead }: Command, decision: Decision): readonly LoadedEntry[] {
  switch (decision.kind) {
    case "refused":
      return [];
    case "unmet":
      return mayRead && decision.found ? [decision.found] : [];
    case "done":
      return decision.result.results.flatMap((result) =>
        result.kind === "claimed" && result.entry ? [result.entry] : [],
      );
  }
}
