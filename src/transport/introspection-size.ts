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

/** What a field of an answer costs beside its name and its text. */
const fieldBytes = 64;

/**
 * How large the answers of a document's introspections may become, in bytes. Under other names, a kilobyte of text may ask
 * for the whole schema hundreds of times.
 *
 * The count walks the schema as the execution would, without keeping anything of it, and ends when it exceeds the bound.
 * It counts what `@skip` and `@include` may leave out, and what is deprecated.
 *
 * @param document a valid one
 * @param maxBytes where the count ends
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
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #maxBytes: number;

  constructor(schema: GraphQLSchema, document: DocumentNode, maxBytes: number) {
    this.#schema = schema;
    this.#maxBytes = maxBytes;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        this.#fragments.set(definition.name.value, definition);
      }
    }
  }

  /** What of a root's selections introspects. */
  addRoot(set: SelectionSetNode): void {
    for (const node of this.#fieldsOf(set)) {
      if (node.name.value === SchemaMetaFieldDef.name) {
        this.#add(node, SchemaMetaFieldDef.type, this.#schema);
      } else if (node.name.value === TypeMetaFieldDef.name) {
        this.#addNamed(node);
      }
    }
  }

  /** `__type`: of the type that it names, or of the largest one where a variable names it. */
  #addNamed(node: FieldNode): void {
    const name = node.arguments?.[0]?.value;
    const { type } = TypeMetaFieldDef;
    if (name?.kind === Kind.STRING) {
      this.#add(node, type, this.#schema.getType(name.value));
      return;
    }
    const before = this.bytes;
    let largest = before;
    for (const source of Object.values(this.#schema.getTypeMap())) {
      this.bytes = before;
      this.#add(node, type, source);
      largest = Math.max(largest, this.bytes);
    }
    this.bytes = largest;
  }

  /** A field's name, and what it gives. */
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
      // The names of types cost as much as any field.
      if (!field) this.#add(node, type, null);
      else this.#add(node, field.type, this.#resolve(field, source));
    }
  }

  #resolve(field: ReturnType<GraphQLObjectType["getFields"]>[string], source: unknown): unknown {
    const info = { schema: this.#schema } as GraphQLResolveInfo;
    return field.resolve?.(source, { includeDeprecated: true }, undefined, info);
  }

  /** @param visited the fragments that are spread there already: again, they add nothing */
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
