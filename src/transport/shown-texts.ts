import {
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  type DocumentNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import { fieldsByName, fragmentsOf } from "./fields-by-name.ts";
import { shownOnce, type ShownTexts } from "../store/response-budget.ts";

/** How often one field with arguments shows the texts of each entry that it reads. */
interface Part {
  readonly contents: Map<string, number>;
  names: number;
}

/** Fields that show the same list of items. */
const listFields = new Set(["nodes", "edges", "node"]);

/**
 * Counts how often the response to a document shows the texts of one entry. With aliases, in one list or in a list that
 * is shown several times, one entry can be in the response thousands of times.
 *
 * 1. A field with arguments reads its own entries. The fields below it show them.
 * 2. Below it, each field of an entry is counted once for each place in the response that shows it.
 * 3. The counts of the document are the largest counts of all fields with arguments.
 *
 * Fields that `@skip` and `@include` can leave out are counted.
 * @param document a valid document
 */
export function shownTexts(schema: GraphQLSchema, document: DocumentNode): ShownTexts {
  const fragments = fragmentsOf(document);
  let { contents, names } = shownOnce;
  /** The selection sets that are already counted. A fragment's set counts the same at each place. */
  const counted = new Set<SelectionSetNode>();

  function countPart(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): void {
    const [only] = sets;
    if (only && sets.length === 1) {
      if (counted.has(only)) return;
      counted.add(only);
    }
    const part: Part = { contents: new Map(), names: 0 };
    countObject(type, sets, "", part);
    contents = Math.max(contents, ...part.contents.values());
    names = Math.max(names, part.names);
  }

  function countObject(
    type: GraphQLObjectType,
    sets: readonly SelectionSetNode[],
    path: string,
    part: Part,
  ): void {
    for (const nodes of fieldsByName(sets, fragments).values()) {
      const name = nodes[0]?.name.value ?? "";
      const field = type.getFields()[name];
      if (!field) continue;
      const named = getNamedType(field.type);
      const place = listFields.has(name) ? path : `${path}.${name}`;
      if (isObjectType(named)) {
        const within = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
        if (field.args.length > 0) countPart(named, within);
        else countObject(named, within, place, part);
      } else if (named.name === "JSON" || isListOfTexts(field.type)) {
        part.contents.set(place, (part.contents.get(place) ?? 0) + 1);
      } else if (named.name === "String" || named.name === "ID") {
        part.names++;
      }
    }
  }

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const root = schema.getRootType(definition.operation);
    if (root) countPart(root, [definition.selectionSet]);
  }
  return contents === shownOnce.contents && names === shownOnce.names
    ? shownOnce
    : { contents, names };
}

function isListOfTexts(type: Parameters<typeof getNullableType>[0]): boolean {
  const nullable = getNullableType(type);
  return isListType(nullable) && isLeafType(getNamedType(nullable));
}
