import { GraphQLError, type ASTVisitor, type ValidationContext } from "graphql";
import { limitExceeded } from "../errors.ts";

/** Characters of an alias. An answer repeats it for each item of a list. */
const maxAliasLength = 128;

/** A rule of validation: an alias is short. What an answer's names need is then bounded by its number of fields. */
export function shortAliases(context: ValidationContext): ASTVisitor {
  return {
    Field({ alias }) {
      if (!alias || alias.value.length <= maxAliasLength) return;
      const refused = limitExceeded(
        "maxAliasLength",
        maxAliasLength,
        `An alias may have ${maxAliasLength} characters; this has ${alias.value.length}.`,
        "query",
      );
      context.reportError(
        new GraphQLError(refused.message, { nodes: alias, originalError: refused }),
      );
    },
  };
}
