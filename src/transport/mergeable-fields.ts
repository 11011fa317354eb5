import {
  GraphQLError,
  Kind,
  print,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { fieldsByName, fragmentsOf } from "./fields-by-name.ts";

/**
 * Checks that fields with the same name in the response can be merged: GraphQL's rule "Field Selection Merging", for
 * schemas without interfaces and unions. Two fields in one place then have the same parent type, so they can be merged
 * if they are the same field with the same arguments. graphql-js compares all pairs, which is quadratic in the length
 * of the document. This function compares each field with the first field of its name.
 *
 * @param document is valid by all other rules, so that its fragments form no cycle
 * @returns the first conflict; null if there is no conflict
 */
export function mergeConflict(document: DocumentNode): GraphQLError | null {
  const fragments = fragmentsOf(document);
  const passed = new Set<SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const conflict = conflictIn([definition.selectionSet], { fragments, passed });
    if (conflict) return conflict;
  }
  return null;
}

interface Search {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /**
   * The selection sets that have no conflict within them. A fragment's set is checked once, even if it is spread often.
   */
  readonly passed: Set<SelectionSetNode>;
}

/** @param sets the selection sets of one object */
function conflictIn(sets: readonly SelectionSetNode[], search: Search): GraphQLError | null {
  const { fragments, passed } = search;
  const [only] = sets;
  if (only && sets.length === 1) {
    if (passed.has(only)) return null;
    passed.add(only);
  }
  for (const [name, [first, ...others]] of fieldsByName(sets, fragments)) {
    const conflict = others.find((other) => reasonOf(first, other) !== null);
    if (conflict) {
      return new GraphQLError(
        `Fields "${name}" conflict because ${reasonOf(first, conflict)}. Use different aliases on the fields to fetch both if this was intentional.`,
        { nodes: [first, conflict] },
      );
    }
    const inner = [first, ...others].flatMap(({ selectionSet }) => selectionSet ?? []);
    const deeper = inner.length === 0 ? null : conflictIn(inner, search);
    if (deeper) return deeper;
  }
  return null;
}

/** The reason why two fields with the same name in the response cannot be merged; null if they can. */
function reasonOf(first: FieldNode, other: FieldNode): string | null {
  const [one, another] = [first.name.value, other.name.value];
  if (one !== another) return `"${one}" and "${another}" are different fields`;
  return argumentsText(first) === argumentsText(other) ? null : "they have differing arguments";
}

const texts = new WeakMap<FieldNode, string>();

function argumentsText(node: FieldNode): string {
  if (!node.arguments?.length) return "";
  let text = texts.get(node);
  if (text === undefined) {
    text = node.arguments
      .map((argument) => print(argument))
      .sort()
      .join();
    texts.set(node, text);
  }
  return text;
}
