import {
  getNullableType,
  isInputObjectType,
  isInputType,
  isNonNullType,
  Kind,
  typeFromAST,
  valueFromAST,
  visit,
  BREAK,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  type NamedTypeNode,
  type ValueNode,
  type VariableDefinitionNode,
} from "graphql";
import { isNotPlain, plainInput, type ReadInput } from "./plain-input.ts";

type Values = Record<string, unknown>;
type Variables = Readonly<Record<string, unknown>>;

/** Returns the coerced variables and arguments; null if graphql-js must read them, which can refuse them. */
export type ReadArguments = (variables: Variables) => { args: Values; coerced: Values } | null;

/** Returns a value of the document, with these variables; undefined if it is left out. */
type ReadValue = (coerced: Variables) => unknown;

/** An argument, or a field of an input object. */
interface Definition {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly defaultValue?: unknown;
}

interface NamedValue {
  readonly name: { readonly value: string };
  readonly value: ValueNode;
}

/**
 * Compiles the reading of a field's arguments, if no variable has a default and no list or JSON contains a variable.
 * The result is the same as that of graphql-js, in a quarter of the time.
 * @returns null for a field whose arguments graphql-js must read
 */
export function plainArguments(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  definitions: readonly VariableDefinitionNode[],
): ReadArguments | null {
  const variables = definitions.map((definition) => plainVariable(schema, definition));
  const readValues = namedValues(field.args, node.arguments ?? []);
  if (variables.includes(null) || readValues === null) return null;
  return (sent) => {
    const coerced: Values = {};
    for (const { name, isRequired, read } of variables as Variable[]) {
      const value = Object.hasOwn(sent, name) ? sent[name] : undefined;
      if (value === undefined && !isRequired) continue;
      const taken = read(value);
      if (taken === isNotPlain) return null;
      coerced[name] = taken;
    }
    const args = readValues(coerced);
    return args === isNotPlain ? null : { args: args as Values, coerced };
  };
}

interface Variable {
  readonly name: string;
  readonly isRequired: boolean;
  readonly read: ReadInput;
}

function plainVariable(
  schema: GraphQLSchema,
  { variable, type, defaultValue, directives }: VariableDefinitionNode,
): Variable | null {
  const found = typeFromAST(schema, type as NamedTypeNode);
  if (!isInputType(found) || defaultValue || directives?.length) return null;
  return { name: variable.name.value, isRequired: isNonNullType(found), read: plainInput(found) };
}

/** Reads arguments, or the fields of an input object, into an object. */
function namedValues(
  definitions: readonly Definition[],
  nodes: readonly NamedValue[],
): ReadValue | null {
  const readers: { definition: Definition; read: ReadValue }[] = [];
  for (const definition of definitions) {
    const node = nodes.find(({ name }) => name.value === definition.name);
    const read = node ? plainValue(node.value, definition.type) : () => undefined;
    if (read === null) return null;
    readers.push({ definition, read });
  }
  return (coerced) => {
    const values: Values = {};
    for (const { definition, read } of readers) {
      const { name, type, defaultValue } = definition;
      const value = read(coerced);
      if (value === isNotPlain) return isNotPlain;
      if (value !== undefined) values[name] = value;
      else if (defaultValue !== undefined) values[name] = defaultValue;
      else if (isNonNullType(type)) return isNotPlain;
    }
    return values;
  };
}

function plainValue(node: ValueNode, type: GraphQLInputType): ReadValue | null {
  if (node.kind === Kind.VARIABLE) {
    const name = node.name.value;
    const isRequired = isNonNullType(type);
    return (coerced) => {
      const given = coerced[name];
      return given === null && isRequired ? isNotPlain : given;
    };
  }
  if (holdsVariable(node)) {
    const nullable = getNullableType(type);
    if (node.kind !== Kind.OBJECT || !isInputObjectType(nullable) || nullable.isOneOf) return null;
    return namedValues(Object.values(nullable.getFields()), node.fields);
  }
  const literal: unknown = valueFromAST(node, type);
  return literal === undefined ? null : () => literal;
}

function holdsVariable(node: ValueNode): boolean {
  let isFound = false;
  visit(node, {
    Variable() {
      isFound = true;
      return BREAK;
    },
  });
  return isFound;
}
