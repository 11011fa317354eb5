import { Kind, type DocumentNode } from "graphql";
import { selectionCounter } from "../schema/selection-count.ts";
import { fragmentsOf } from "./fields-by-name.ts";

/** Counts what a document's operations select, with each fragment counted at each place where it is spread. */
export function selectionCount(document: DocumentNode): number {
  const fragments = fragmentsOf(document);
  const countSet = selectionCounter((name) => fragments.get(name));
  let count = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) count += countSet(definition.selectionSet);
  }
  return count;
}
