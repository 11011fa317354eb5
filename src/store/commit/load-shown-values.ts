import type { WriteTransaction } from "../contract.ts";
import type { BatonError } from "../../errors.ts";
import { placeId, type Command, type CommandResult, type Place } from "./command.ts";
import { Conflict } from "./conditions.ts";
import type { Outcome } from "./execute.ts";

/** Puts values where they are to be shown and were not loaded. */
export interface ShownValues {
  inResult(userId: string, result: CommandResult): CommandResult;
  inRefusal(userId: string, refusal: BatonError): BatonError;
}

/** Values are large: those of granted entries, and of what a condition found, are loaded once it is known which. */
export async function loadShownValues(
  transaction: WriteTransaction,
  commands: readonly Command[],
  outcomes: readonly Outcome[],
): Promise<ShownValues> {
  const wanted = new Map<string, Place & { userId: string; withValue: true }>();
  outcomes.forEach((outcome, index) => {
    const { userId } = commands[index] as Command;
    for (const { namespace, key } of unloadedPlaces(outcome)) {
      wanted.set(placeId(userId, { namespace, key }), { userId, namespace, key, withValue: true });
    }
  });
  const loaded = wanted.size > 0 ? await transaction.loadEntries([...wanted.values()]) : [];
  const values = new Map(loaded.map(({ userId, entry }) => [placeId(userId, entry), entry.value]));
  const valueOf = (userId: string, place: Place) => values.get(placeId(userId, place)) ?? "null";
  return {
    inResult: (userId, { results, revision }) => ({
      results: results.map((result) => {
        if (result.kind !== "claimed" || result.entry?.value !== "") return result;
        return { ...result, entry: { ...result.entry, value: valueOf(userId, result.entry) } };
      }),
      revision,
    }),
    inRefusal: (userId, refusal) =>
      refusal instanceof Conflict && refusal.unloaded
        ? refusal.withValue(valueOf(userId, refusal.unloaded))
        : refusal,
  };
}

function unloadedPlaces(outcome: Outcome): Place[] {
  if ("refusal" in outcome) {
    const { refusal } = outcome;
    return refusal instanceof Conflict && refusal.unloaded ? [refusal.unloaded] : [];
  }
  if (!("result" in outcome)) return [];
  return outcome.result.results.flatMap((result) =>
    result.kind === "claimed" && result.entry?.value === "" ? [result.entry] : [],
  );
}
