import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";

/**
 * Counts the fields and fragments that a document's operations select, with each fragment counted at each place where
 * it is spread. If fragments spread one another twice, this number is exponential in the length of the document.
 *
 * The count visits each fragment once. A fragment that spreads itself is counted once; validation refuses it.
 */
export function selectionCount(document: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  /** The count of each fragment; 0 while it is being counted. */
  const counted = new Map<string, number>();

  function countSet(set: SelectionSetNode | undefined): number {
    let count = 0;
    for (const selection of set?.selections ?? []) count += 1 + countWithin(selection);
    return count;
  }

  function countWithin(selection: SelectionNode): number {
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return countSet(selection.selectionSet);
    const name = selection.name.value;
    const known = counted.get(name);
    if (known !== undefined) return known;
    counted.set(name, 0);
    const count = countSet(fragments.get(name)?.selectionSet);
    counted.set(name, count);
    return count;
  }

  let count = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) count += countSet(definition.selectionSet);
  }
  return count;
}
