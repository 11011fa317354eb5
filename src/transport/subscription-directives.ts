import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

/**
 * A rule of validation that refuses `@skip` and `@include` on the root field of a subscription. GraphQL's specification
 * requires it, and graphql-js fails if a subscription has no field.
 */
export function subscriptionDirectives(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition({ operation, selectionSet }) {
      if (operation === OperationTypeNode.SUBSCRIPTION) checkSet(selectionSet, new Set());
      return false;
    },
    FragmentDefinition() {
      return false;
    },
  };

  function checkSet(set: SelectionSetNode, visited: Set<string>): void {
    for (const selection of set.selections) {
      const directive = selection.directives?.find(({ name }) =>
        ["skip", "include"].includes(name.value),
      );
      if (directive) {
        const message = `The root field of a subscription cannot have @${directive.name.value}. Remove the directive.`;
        context.reportError(new GraphQLError(message, { nodes: directive }));
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) checkSet(selection.selectionSet, visited);
      if (selection.kind !== Kind.FRAGMENT_SPREAD || visited.has(selection.name.value)) continue;
      visited.add(selection.name.value);
      const fragment = context.getFragment(selection.name.value);
      if (fragment) checkSet(fragment.selectionSet, visited);
    }
  }
}
