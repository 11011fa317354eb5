import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";
import { requireScope, type Viewer } from "../store/viewer.ts";

/**
 * For a field that shows what was there before a write.
 * @throws FORBIDDEN before the write, when the operation asks for the field and its token may not read
 */
export function requireReadFor(info: GraphQLResolveInfo, name: string, viewer: Viewer): void {
  if (selectsField(info, name)) requireScope(viewer, "read");
}

/** Whether an operation asks for this field of what a resolver is about to return. */
function selectsField({ fieldNodes, fragments }: GraphQLResolveInfo, name: string): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return selection.name.value === name;
        case Kind.INLINE_FRAGMENT:
          return within(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD:
          return within(fragments[selection.name.value]?.selectionSet);
      }
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}
