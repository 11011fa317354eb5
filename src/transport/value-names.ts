import {
  getNamedType,
  GraphQLError,
  type ASTVisitor,
  type FieldNode,
  type ValidationContext,
} from "graphql";
import { limitExceeded } from "../errors.ts";

/** Under so many names a document may ask for values and metadata. */
const maxValueNames = 8;

/**
 * A rule of validation: a document may ask for fields of type JSON under few names. What an answer holds is bounded by the
 * bytes of the entries that are read. Under other names, each of them would be in the answer hundreds of times.
 */
export function fewValueNames(context: ValidationContext): ASTVisitor {
  const named = new Map<string, FieldNode>();
  return {
    Field(node) {
      const type = getNamedType(context.getFieldDef()?.type);
      if (type?.name === "JSON") named.set((node.alias ?? node.name).value, node);
    },
    Document: {
      leave() {
        if (named.size <= maxValueNames) return;
        const refused = limitExceeded(
          "maxValueNames",
          maxValueNames,
          `An operation may ask for values and metadata under ${maxValueNames} names; this has ${named.size}. Ask for each once.`,
          "query",
        );
        const nodes = [...named.values()].at(-1) ?? null;
        context.reportError(new GraphQLError(refused.message, { nodes, originalError: refused }));
      },
    },
  };
}
