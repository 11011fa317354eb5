import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";

/** Whether an operation asks for this field of what a resolver is about to return. */
export function selectsField(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, false);
}

/** Whether it asks for a field of this name there, or anywhere below. */
export function selectsWithin(info: GraphQLResolveInfo, name: string): boolean {
  return selects(info, name, true);
}

function selects(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  name: string,
  isDeep: boolean,
): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return selection.name.value === name || (isDeep && within(selection.selectionSet));
        case Kind.INLINE_FRAGMENT:
          return within(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD:
          return within(fragments[selection.name.value]?.selectionSet);
      }
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}
