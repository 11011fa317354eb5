import {
  getDirectiveValues,
  getNullableType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type SelectionSetNode,
} from "graphql";
import { fragmentsOf } from "./fields-by-name.ts";
import { writeLeaf } from "./write-result.ts";

type Write = (source: unknown) => string;
type Variables = Readonly<Record<string, unknown>>;

interface Compiled {
  /** Selections with equal keys write equal objects in the same way. */
  readonly key: string;
  /** Writes the result as JSON. Throws if an execution would add an error, or wait for a promise. */
  readonly write: Write;
}

/** The selection of an operation on the object of its one field, as a function that writes the result. */
export interface CompiledSelection extends Compiled {
  /** The name of the field in the response. */
  readonly name: string;
  /** The nodes that select the field. */
  readonly nodes: Nodes;
}

/**
 * Compiles selections that depend only on their object: without arguments, lists or abstract types. Writing such a
 * result is several times as fast as executing the operation and serialising its result.
 */
export class SelectionCompiler {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Variables | null;
  readonly #maxFields: number;
  #fieldCount = 0;
  #usesVariables = false;

  /**
   * @param variables null if they are not known; then no field is left out, and `usesVariables` says whether one can be
   */
  constructor(document: DocumentNode, variables: Variables | null, maxFields: number) {
    this.#variables = variables;
    this.#maxFields = maxFields;
    this.#fragments = fragmentsOf(document);
  }

  /** Whether the result can depend on the variables. */
  get usesVariables(): boolean {
    return this.#usesVariables;
  }

  /**
   * @param root the type of the operation
   * @returns null for a selection that graphql-js must execute
   */
  compile(root: GraphQLObjectType, set: SelectionSetNode): CompiledSelection | null {
    const fields = [...this.#collect([set])];
    const [first] = fields;
    if (!first || fields.length > 1) return null;
    const [name, nodes] = first;
    const type = getNullableType(root.getFields()[nodes[0].name.value]?.type);
    if (!isObjectType(type)) return null;
    const object = this.#compileObject(type, nodes);
    if (!object) return null;
    const head = `{"data":{${JSON.stringify(name)}:`;
    const { key, write } = object;
    return { name, nodes, key: name + key, write: (source) => `${head}${write(source)}}}` };
  }

  #compileObject(type: GraphQLObjectType, parents: readonly FieldNode[]): Compiled | null {
    const keys: string[] = [];
    const writers: Write[] = [];
    for (const [name, nodes] of this.#collect(parents.flatMap(selectionSetOf))) {
      const field = this.#compileField(type, nodes);
      this.#fieldCount++;
      if (!field || this.#fieldCount > this.#maxFields) return null;
      const label = `${writers.length === 0 ? "{" : ","}${JSON.stringify(name)}:`;
      const { key, write } = field;
      keys.push(`${name}:${key}`);
      writers.push((source) => label + write(source));
    }
    return {
      key: `{${keys.join(",")}}`,
      write(source) {
        let text = "";
        for (const write of writers) text += write(source);
        return `${text}}`;
      },
    };
  }

  #compileField(parent: GraphQLObjectType, nodes: Nodes): Compiled | null {
    const name = nodes[0].name.value;
    if (name === "__typename") {
      const text = JSON.stringify(parent.name);
      return { key: name, write: () => text };
    }
    const field = parent.getFields()[name];
    if (!field || field.args.length > 0) return null;
    const type = getNullableType(field.type);
    let inner: Compiled | null = null;
    if (isLeafType(type)) inner = { key: "", write: (value) => writeLeaf(type.serialize(value)) };
    else if (isObjectType(type)) inner = this.#compileObject(type, nodes);
    if (!inner) return null;
    const resolve = field.resolve as ((source: unknown) => unknown) | undefined;
    // A resolver that takes a context or an info must be executed.
    if (resolve && resolve.length > 1) return null;
    const isNullable = !isNonNullType(field.type);
    const { write } = inner;
    return {
      key: name + inner.key,
      write(source) {
        const value = resolve ? resolve(source) : (source as Record<string, unknown>)[name];
        if (value instanceof Promise) throw new Error(`${parent.name}.${name} is a promise.`);
        if (value != null) return write(value);
        if (isNullable) return "null";
        throw new Error(`${parent.name}.${name} must not be null.`);
      },
    };
  }

  /** The fields of selection sets of one object, by their names in the response. */
  #collect(sets: readonly SelectionSetNode[]): ReadonlyMap<string, Nodes> {
    const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
    // A fragment that is spread again adds no fields. Without this check, a document of fragments can take exponential
    // time.
    const visited = new Set<string>();
    const collect = (set: SelectionSetNode | undefined) => {
      for (const node of set?.selections ?? []) {
        if (!this.#includes(node)) continue;
        // The schema has no abstract types, so a valid fragment has the type of the object.
        switch (node.kind) {
          case Kind.FIELD: {
            const name = node.alias?.value ?? node.name.value;
            const nodes = fields.get(name);
            if (nodes) nodes.push(node);
            else fields.set(name, [node]);
            break;
          }
          case Kind.INLINE_FRAGMENT:
            collect(node.selectionSet);
            break;
          case Kind.FRAGMENT_SPREAD: {
            const name = node.name.value;
            if (visited.has(name)) break;
            visited.add(name);
            collect(this.#fragments.get(name)?.selectionSet);
          }
        }
      }
    };
    for (const set of sets) collect(set);
    return fields;
  }

  #includes(node: SelectionSetNode["selections"][number]): boolean {
    if (!node.directives?.length) return true;
    this.#usesVariables = true;
    if (this.#variables === null) return true;
    const skip = getDirectiveValues(GraphQLSkipDirective, node, this.#variables);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, this.#variables);
    return skip?.if !== true && include?.if !== false;
  }
}

/** The nodes that select one field. There are several if fragments repeat it. */
type Nodes = readonly [FieldNode, ...FieldNode[]];

function selectionSetOf({ selectionSet }: FieldNode): readonly SelectionSetNode[] {
  return selectionSet ? [selectionSet] : [];
}
