import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";
import { selectionCounter } from "./selection-count.ts";

/** Results of earlier calls. GraphQL passes the same array of nodes to each item of a list. */
const known = new WeakMap<readonly FieldNode[], Map<string, boolean>>();

/** Whether the operation selects this field directly in the resolver's result. */
export function selectsField(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, false);
}

/** Whether the operation selects a field of this name anywhere in the resolver's result. */
export function selectsWithin(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, true);
}

function selects(info: GraphQLResolveInfo, name: string, isDeep: boolean): boolean {
  let results = known.get(info.fieldNodes);
  if (!results) known.set(info.fieldNodes, (results = new Map()));
  const selection = isDeep ? `…${name}` : name;
  let isSelected = results.get(selection);
  if (isSelected === undefined) {
    results.set(selection, (isSelected = search(info, name, isDeep)));
  }
  return isSelected;
}

/** Visits each fragment once, even if it is spread many times. */
function search(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  name: string,
  isDeep: boolean,
): boolean {
  const visited = new Set<string>();
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return selection.name.value === name || (isDeep && within(selection.selectionSet));
        case Kind.INLINE_FRAGMENT:
          return within(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD: {
          const fragment = selection.name.value;
          if (visited.has(fragment)) return false;
          visited.add(fragment);
          return within(fragments[fragment]?.selectionSet);
        }
      }
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}

/** The largest number of fields that an operation selects for each item of a list. */
export function fieldsOfItem({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  let count = counts.get(fieldNodes);
  if (count !== undefined) return count;
  const countSet = selectionCounter((name) => fragments[name]);
  count = fieldNodes.reduce((sum, { selectionSet }) => sum + countSet(selectionSet), 0);
  counts.set(fieldNodes, count);
  return count;
}

const counts = new WeakMap<readonly FieldNode[], number>();
