import type { Load, Outcome } from "../process/load.ts";

/** One line of figures. */
export function describeOutcome(outcome: Outcome, load: Load): string {
  const { acknowledged, changes, lost, holes, repeated, duplicates, missed, invented } = outcome;
  return (
    `${acknowledged} writes acknowledged, ${load.refused.length} refused, ${load.unanswered} unanswered; ` +
    `${changes} changes; ${lost} lost, ${holes} holes, ${repeated} repeated; ` +
    `subscribers: ${duplicates} duplicates, ${missed} missed, ${invented} not in the log`
  );
}
