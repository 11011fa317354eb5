import {
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  isScalarType,
  Kind,
  parse,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type NamedTypeNode,
  type TypeNode,
} from "graphql";

/** The types of one operation's variables, by name. */
export type VariableTypes = ReadonlyMap<string, GraphQLInputType>;

/** The same limit as for operations. A longer document is refused before its execution. */
const maxTokens = 4_000;
/** A single item stands for each list around it, so the time for an item grows with this depth. */
export const maxListDepth = 8;
const maxKnownDocuments = 200;
/** Longer documents usually contain data, and are not sent again. */
const maxKnownLength = 4_096;

/** An operation without its selection, which takes most of its memory. */
type Declaration = Pick<OperationDefinitionNode, "name" | "variableDefinitions">;

/** The operations of documents that were read before, by the document's text. */
const known = new Map<string, readonly Declaration[]>();

/**
 * Returns the types that an operation declares for its variables. The result is empty if the document cannot be parsed
 * or does not contain the operation; it is refused later, before its execution.
 */
export function typesOfVariables(
  schema: GraphQLSchema,
  document: string,
  operationName: string | null,
): VariableTypes {
  const operations = operationsOf(document);
  const operation = operationName
    ? operations.find(({ name }) => name?.value === operationName)
    : operations[0];
  const types = new Map<string, GraphQLInputType>();
  for (const { variable, type } of operation?.variableDefinitions ?? []) {
    // Such a document is refused before its execution.
    if (listDepth(type) > maxListDepth) continue;
    const found = typeFromAST(schema, type as NamedTypeNode);
    if (isInputType(found)) types.set(variable.name.value, found);
  }
  return types;
}

function operationsOf(document: string): readonly Declaration[] {
  const before = known.get(document);
  if (before) return before;
  const operations = operationsIn(document);
  if (document.length <= maxKnownLength) {
    if (known.size >= maxKnownDocuments) known.clear();
    known.set(document, operations);
  }
  return operations;
}

function operationsIn(document: string): Declaration[] {
  try {
    return parse(document, { maxTokens, noLocation: true })
      .definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
      .map(({ name, variableDefinitions }) => ({ name, variableDefinitions }));
  } catch {
    return [];
  }
}

/** How many lists are around the name of a type. */
export function listDepth(type: TypeNode): number {
  let depth = 0;
  for (let inner = type; inner.kind !== Kind.NAMED_TYPE; inner = inner.type) {
    if (inner.kind === Kind.LIST_TYPE) depth++;
  }
  return depth;
}

/** The type of a member or an item of a value of this type; undefined if the type does not have it. */
export function typeWithin(
  type: GraphQLInputType | undefined,
  member: string | number,
): GraphQLInputType | undefined {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    // GraphQL accepts a single item instead of a list.
    return typeof member === "number"
      ? (nullable.ofType as GraphQLInputType)
      : typeWithin(nullable.ofType as GraphQLInputType, member);
  }
  if (!isInputObjectType(nullable) || typeof member === "number") return undefined;
  const fields = nullable.getFields();
  return Object.hasOwn(fields, member) ? fields[member]?.type : undefined;
}

/** Whether a value of this type is kept as text. */
export function isJsonType(type: GraphQLInputType | undefined): boolean {
  const nullable = getNullableType(type);
  return isScalarType(nullable) && nullable.name === "JSON";
}
