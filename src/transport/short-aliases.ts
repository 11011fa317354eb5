import { GraphQLError, type ASTVisitor, type ValidationContext } from "graphql";
import { limitExceeded } from "../errors.ts";

/** The largest number of characters in an alias. The response repeats the alias for each item of a list. */
const maxAliasLength = 128;

/** A rule of validation that refuses long aliases, so that the number of fields bounds the size of the names. */
export function shortAliases(context: ValidationContext): ASTVisitor {
  return {
    Field({ alias }) {
      if (!alias || alias.value.length <= maxAliasLength) return;
      const refused = limitExceeded(
        "maxAliasLength",
        maxAliasLength,
        `An alias can have at most ${maxAliasLength} characters; this one has ${alias.value.length}.`,
        "query",
      );
      context.reportError(
        new GraphQLError(refused.message, { nodes: alias, originalError: refused }),
      );
    },
  };
}
