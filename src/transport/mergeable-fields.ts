import {
  GraphQLError,
  Kind,
  print,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { fieldsByName } from "./fields-by-name.ts";

/**
 * Whether fields that have the same name in the answer can be merged: the rule "Field Selection Merging" of GraphQL, for
 * schemas without interfaces and unions. Two fields of one place are then of the same type, so that they are merged if
 * they are the same field with the same arguments. graphql-js compares each with each, which is quadratic in the length of
 * the document; here each field is compared with the first of its name.
 *
 * @param document valid by all other rules: its fragments spread no cycle
 * @returns the first conflict, or null
 */
export function mergeConflict(document: DocumentNode): GraphQLError | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
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
  /** Sets without a conflict, by themselves. A fragment has them wherever it is spread. */
  readonly passed: Set<SelectionSetNode>;
}

/** @param sets what is selected of one object */
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

/** Why two fields of the same name in the answer can't be merged; null if they can. */
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
