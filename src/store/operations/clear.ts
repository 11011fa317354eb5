import { limitExceeded, type BatonError } from "../../errors.ts";
import { exact, type TextMatch } from "../model/text-match.ts";
import { baseSizeBytes, type Argument, type OperationType } from "./operation.ts";
import { requireWrite } from "./read-input.ts";

export interface ClearInput {
  readonly namespace: string;
}

/** Removes every entry of some namespaces, in one change for each namespace. */
export interface ClearOperation extends Argument {
  readonly kind: "clear";
  readonly namespaces: readonly TextMatch[];
}

export const clearOperation: OperationType<ClearInput, ClearOperation> = {
  read(asked, argument, { namespace }) {
    requireWrite(asked, argument, namespace);
    return { kind: "clear", argument, namespaces: [exact(namespace)] };
  },
  touches: () => [],
  sizeBytes: () => baseSizeBytes,
  *decide(draft, { namespaces: matches }, { agent }) {
    const namespaces: string[] = [];
    let clearedCount = 0;
    for (const [namespace, count] of draft.clearable(matches)) {
      draft.clear(namespace, agent);
      namespaces.push(namespace);
      clearedCount += count;
      yield;
    }
    return { kind: "cleared", clearedCount, namespaces };
  },
};

/** The refusal of a call that would clear more namespaces than the limit. */
export function tooManyNamespaces(max: number, { argument }: Argument): BatonError {
  return limitExceeded(
    "maxClearedNamespaces",
    max,
    `One call can clear at most ${max} namespaces; this prefix has more. Clear longer prefixes one after the other.`,
    argument,
  );
}
