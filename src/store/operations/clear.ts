import { limitExceeded } from "../../errors.ts";
import { compareText, exact, matches, type TextMatch } from "../model/text-match.ts";
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
  decide(draft, operation, { agent, limits: { maxClearedNamespaces } }) {
    const counts = draft
      .entryCounts()
      .filter(
        ([name, count]) => count > 0 && operation.namespaces.some((match) => matches(match, name)),
      );
    if (counts.length > maxClearedNamespaces) {
      throw limitExceeded(
        "maxClearedNamespaces",
        maxClearedNamespaces,
        `One call can clear at most ${maxClearedNamespaces} namespaces; this prefix has ${counts.length}. Clear longer prefixes one after the other.`,
        operation.argument,
      );
    }
    const namespaces = counts.map(([name]) => name).sort(compareText);
    for (const namespace of namespaces) draft.clear(namespace, agent);
    const clearedCount = counts.reduce((sum, [, count]) => sum + count, 0);
    return { kind: "cleared", clearedCount, namespaces };
  },
};
