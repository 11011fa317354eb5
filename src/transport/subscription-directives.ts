import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

/**
 * A rule of validation: `@skip` and `@include` may not decide whether a subscription has a field. GraphQL's
 * specification has it so, and graphql-js fails at a subscription without a field.
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
        const message = `A subscription's own field may not have @${directive.name.value}: begin the subscription, or do not.`;
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
