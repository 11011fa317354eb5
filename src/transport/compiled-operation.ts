import {
  getArgumentValues,
  getVariableValues,
  isNonNullType,
  Kind,
  locatedError,
  OperationTypeNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from "graphql";
import { schema } from "../schema/schema.ts";
import type { OperationContext } from "./operation-context.ts";
import type { Prepared } from "./operations.ts";
import { plainArguments, type ReadArguments } from "./plain-arguments.ts";
import { SelectionCompiler, type CompiledSelection } from "./selection-compiler.ts";

/** graphql-js executes larger selections. */
const maxCompiledFields = 200;
/** graphql-js also executes selections that show an entry's value more often than this. */
const maxCompiledContents = 4;

/** The compiled operations; null for an operation that graphql-js must execute. */
const compiled = new WeakMap<Prepared["operation"], CompiledOperation | null>();

/**
 * Compiles a query or mutation of one field, if its selection can be compiled. Nearly all operations of agents can. The
 * result is the same as that of graphql-js, in about two thirds of the time.
 * @returns null for an operation that graphql-js must execute
 */
export function compiledOperation(prepared: Prepared): CompiledOperation | null {
  const known = compiled.get(prepared.operation);
  if (known !== undefined) return known;
  const operation = compile(prepared);
  compiled.set(prepared.operation, operation);
  return operation;
}

function compile(prepared: Prepared): CompiledOperation | null {
  const { document, operation, shown } = prepared;
  // A long result is written in steps.
  if (shown.contents > maxCompiledContents) return null;
  const root = schema.getRootType(operation.operation);
  if (!root || operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
  const compiler = new SelectionCompiler(document, null, maxCompiledFields);
  const selection = compiler.compile(root, operation.selectionSet);
  // Depending on the variables, a directive can leave fields out.
  if (!selection || compiler.usesVariables) return null;
  const field = root.getFields()[selection.nodes[0].name.value];
  if (!field?.resolve) return null;
  return new CompiledOperation(prepared, root, field, selection);
}

/** An operation of one field. */
export class CompiledOperation {
  readonly #operation: Prepared["operation"];
  readonly #field: GraphQLField<unknown, unknown>;
  readonly #selection: CompiledSelection;
  readonly #readArguments: ReadArguments | null;
  /**
   * Whether the complexity is the same for all variables. Only the complexity of the field itself can depend on them.
   */
  readonly #hasFixedComplexity: boolean;
  #isWithinComplexity = false;
  /** The `info` of the resolver, without the variables. */
  readonly #info: Omit<GraphQLResolveInfo, "variableValues">;

  constructor(
    { document, operation }: Prepared,
    parentType: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    selection: CompiledSelection,
  ) {
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        fragments[definition.name.value] = definition;
      }
    }
    this.#operation = operation;
    this.#field = field;
    this.#selection = selection;
    const [node] = selection.nodes;
    this.#readArguments = plainArguments(schema, field, node, operation.variableDefinitions ?? []);
    this.#hasFixedComplexity = typeof field.extensions.complexity !== "function";
    this.#info = {
      fieldName: field.name,
      fieldNodes: selection.nodes,
      returnType: field.type,
      parentType,
      path: { prev: undefined, key: selection.name, typename: parentType.name },
      schema,
      fragments,
      rootValue: undefined,
      operation,
    };
  }

  /** Returns the result as JSON, or a result whose errors are not yet in their public form. */
  async run(
    variables: Readonly<Record<string, unknown>> | null | undefined,
    context: OperationContext,
    hideSuggestions: boolean,
  ): Promise<string | ExecutionResult> {
    const { nodes, name } = this.#selection;
    const definitions = this.#operation.variableDefinitions ?? [];
    const plain = this.#readArguments?.(variables ?? {});
    const options = { maxErrors: 50, hideSuggestions };
    const read = plain ?? getVariableValues(schema, definitions, variables ?? {}, options);
    if ("errors" in read && read.errors) return { errors: read.errors };
    const { coerced } = read;
    const isNullable = !isNonNullType(this.#field.type);
    context.isWithinComplexity = this.#isWithinComplexity;
    try {
      const args = plain ? plain.args : getArgumentValues(this.#field, nodes[0], coerced);
      const info: GraphQLResolveInfo = { ...this.#info, variableValues: coerced };
      const value: unknown = await this.#field.resolve?.(undefined, args, context, info);
      this.#isWithinComplexity = this.#hasFixedComplexity;
      if (value != null) return this.#selection.write(value);
      if (isNullable) return `{"data":{${JSON.stringify(name)}:null}}`;
      throw new Error(`${this.#field.name} must not be null.`);
    } catch (error) {
      const located = locatedError(error, nodes, [name]);
      return { errors: [located], data: isNullable ? { [name]: null } : null };
    }
  }
}
