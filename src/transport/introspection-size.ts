import {
  isLeafType,
  isListType,
  getNullableType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import { fragmentsOf } from "./fields-by-name.ts";

/** The size of a field in a response, in addition to its name and its text. */
const fieldBytes = 64;

/**
 * Estimates the largest response to the introspection in a document, in bytes. With aliases, one kilobyte of text can
 * request the whole schema hundreds of times.
 *
 * The count walks the schema as the execution would, keeps nothing, and ends when it exceeds the bound. It includes
 * deprecated fields, and fields that `@skip` and `@include` can leave out.
 *
 * @param document a valid document
 * @param maxBytes the count ends above this number
 */
export function introspectionBytes(
  schema: GraphQLSchema,
  document: DocumentNode,
  maxBytes: number,
): number {
  const count = new Count(schema, document, maxBytes);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) count.addRoot(definition.selectionSet);
  }
  return count.bytes;
}

class Count {
  bytes = 0;
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #maxBytes: number;

  constructor(schema: GraphQLSchema, document: DocumentNode, maxBytes: number) {
    this.#schema = schema;
    this.#maxBytes = maxBytes;
    this.#fragments = fragmentsOf(document);
  }

  /** Adds the introspection fields of a root. */
  addRoot(set: SelectionSetNode): void {
    for (const node of this.#fieldsOf(set)) {
      if (node.name.value === SchemaMetaFieldDef.name) {
        this.#add(node, SchemaMetaFieldDef.type, this.#schema);
      } else if (node.name.value === TypeMetaFieldDef.name) {
        this.#addNamed(node);
      }
    }
  }

  /**
   * Adds `__type`: the type that it names. If a variable names it, all types count: to find the largest one, each such
   * field would walk the whole schema, and add little to the count.
   */
  #addNamed(node: FieldNode): void {
    const name = node.arguments?.[0]?.value;
    const { type } = TypeMetaFieldDef;
    const types = this.#schema.getTypeMap();
    const named = name?.kind === Kind.STRING ? [types[name.value]] : Object.values(types);
    for (const source of named) this.#add(node, type, source);
  }

  /** Adds the name of a field, and its value. */
  #add(node: FieldNode, type: GraphQLOutputType, value: unknown): void {
    this.bytes += fieldBytes + (node.alias ?? node.name).value.length;
    this.#addValue(node, type, value);
  }

  #addValue(node: FieldNode, type: GraphQLOutputType, value: unknown): void {
    const nullable = getNullableType(type);
    if (value == null || this.bytes > this.#maxBytes) return;
    if (isListType(nullable)) {
      for (const item of value as Iterable<unknown>) {
        this.#addValue(node, nullable.ofType as GraphQLOutputType, item);
      }
    } else if (isLeafType(nullable)) {
      this.bytes += String(value).length;
    } else if (isObjectType(nullable) && node.selectionSet) {
      this.bytes += fieldBytes;
      this.#addObject(node.selectionSet, nullable, value);
    }
  }

  #addObject(set: SelectionSetNode, type: GraphQLObjectType, source: unknown): void {
    for (const node of this.#fieldsOf(set)) {
      if (this.bytes > this.#maxBytes) return;
      const field = type.getFields()[node.name.value];
      // `__typename` costs as much as any other field.
      if (!field) this.#add(node, type, null);
      else this.#add(node, field.type, this.#resolve(field, source));
    }
  }

  #resolve(field: ReturnType<GraphQLObjectType["getFields"]>[string], source: unknown): unknown {
    const info = { schema: this.#schema } as GraphQLResolveInfo;
    return field.resolve?.(source, { includeDeprecated: true }, undefined, info);
  }

  /** @param visited the fragments that are already spread in this place; they add no fields again */
  *#fieldsOf({ selections }: SelectionSetNode, visited = new Set<string>()): Generator<FieldNode> {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) yield selection;
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        yield* this.#fieldsOf(selection.selectionSet, visited);
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment) yield* this.#fieldsOf(fragment.selectionSet, visited);
      }
    }
  }
}
