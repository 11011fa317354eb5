import { Kind, type DocumentNode, type FragmentDefinitionNode } from "graphql";
import { selectionCounter } from "../schema/selection-count.ts";

/** Counts what a document's operations select, with each fragment counted at each place where it is spread. */
export function selectionCount(document: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const countSet = selectionCounter((name) => fragments.get(name));
  let count = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) count += countSet(definition.selectionSet);
  }
  return count;
}
