import {
  Kind,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";

/**
 * Returns a function that counts the fields and fragments of a selection set, with each fragment counted at each place
 * where it is spread. If fragments spread one another twice, this number is exponential in the length of the document.
 *
 * It visits each fragment once. A fragment that spreads itself is counted once; validation refuses it.
 */
export function selectionCounter(
  fragmentOf: (name: string) => FragmentDefinitionNode | undefined,
): (set: SelectionSetNode | undefined) => number {
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
    const count = countSet(fragmentOf(name)?.selectionSet);
    counted.set(name, count);
    return count;
  }

  return countSet;
}
