import {
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstValueNode,
  type DocumentNode,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from "graphql";
import { badUserInput, limitExceeded, type BatonError } from "../errors.ts";
import { JsonError } from "../json/json-error.ts";
import { JsonText, jsonTextOfParsed } from "../json/json-text.ts";
import { sentTexts, type SentVariables } from "./sent-variables.ts";
import { isJsonType } from "./variable-types.ts";

/** A document whose JSON literals contain their variables as they were sent. */
export interface Embedding {
  readonly document: DocumentNode;
  /** How often JSON literals contain a variable, by its name; only variables that one contains. */
  readonly embedded: ReadonlyMap<string, number>;
}

/**
 * The variables inside the JSON literals of one operation can have this many UTF-16 units in total. Each literal is a copy, and
 * all of them are made in one turn of the event loop.
 */
const maxEmbeddedUnits = 16 * 1024 * 1024;

function tooManyEmbedded(name: string): BatonError {
  return limitExceeded(
    "maxEmbeddedCharacters",
    maxEmbeddedUnits,
    `The variables inside JSON values can have at most ${maxEmbeddedUnits} characters in total. Pass whole values as variables.`,
    name,
  );
}

/** The name is not valid in GraphQL, so that no caller can use it for a variable. */
function embeddedName(name: string): string {
  return `${name} as JSON`;
}

/**
 * Replaces a variable inside a JSON literal with the JSON that the caller sent, regardless of the variable's type.
 * GraphQL would insert the converted value: an enum's internal value, an input object with its defaults, a rounded
 * number.
 *
 * 1. Rename the variables in each JSON literal.
 * 2. In each operation that declares the variable, declare the new name too, with type JSON and the same default.
 * 3. `embeddedValues` sets the new name to the text that was sent. The variable itself is still checked by its type.
 *
 * @param document a valid document
 */
export function embedVariables(schema: GraphQLSchema, document: DocumentNode): Embedding {
  const embedded = new Map<string, number>();
  const renamed = renameInLiterals(schema, document, embedded);
  if (embedded.size === 0) return { document, embedded };
  return {
    embedded,
    document: visit(renamed, {
      OperationDefinition(node) {
        const own = node.variableDefinitions ?? [];
        const added = own.filter(({ variable }) => embedded.has(variable.name.value)).map(asJson);
        return { ...node, variableDefinitions: [...own, ...added] };
      },
    }),
  };
}

function renameInLiterals(
  schema: GraphQLSchema,
  document: DocumentNode,
  embedded: Map<string, number>,
): DocumentNode {
  const types = new TypeInfo(schema);
  let depth = 0;
  const literal = {
    enter() {
      if (depth > 0 || isJsonType(types.getInputType() ?? undefined)) depth++;
    },
    leave() {
      if (depth > 0) depth--;
    },
  };
  return visit(
    document,
    visitWithTypeInfo(types, {
      ListValue: literal,
      ObjectValue: literal,
      Variable(node) {
        if (depth === 0) return undefined;
        const { value } = node.name;
        embedded.set(value, (embedded.get(value) ?? 0) + 1);
        return { ...node, name: { ...node.name, value: embeddedName(value) } };
      },
    }),
  );
}

function asJson({
  variable,
  defaultValue,
  ...node
}: VariableDefinitionNode): VariableDefinitionNode {
  return {
    ...node,
    variable: { ...variable, name: { ...variable.name, value: embeddedName(variable.name.value) } },
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: "JSON" } },
    ...(defaultValue === undefined ? {} : { defaultValue: withoutEnums(defaultValue) }),
  };
}

/** JSON writes an enum's value as a string. */
function withoutEnums(value: ConstValueNode): ConstValueNode {
  return visit(value, { EnumValue: (node) => ({ ...node, kind: Kind.STRING }) });
}

/**
 * Adds the values of the variables in JSON literals to the variables of a request.
 * @throws BAD_USER_INPUT for a variable whose JSON cannot be kept as it was sent; LIMIT_EXCEEDED if literals contain large
 *   variables too often
 */
export function embeddedValues(
  { embedded }: Pick<Embedding, "embedded">,
  variables: SentVariables | null | undefined,
): SentVariables | null | undefined {
  if (embedded.size === 0 || !variables) return variables;
  // Without a prototype, because a variable can be named `__proto__`.
  const values = Object.assign(Object.create(null) as Record<string, unknown>, variables);
  let units = 0;
  for (const [name, count] of embedded) {
    delete values[embeddedName(name)];
    if (!Object.hasOwn(variables, name)) continue;
    const value = variables[name];
    const text = value === null ? null : textOf(name, value, variables);
    units += count * (text?.text.length ?? 0);
    if (units > maxEmbeddedUnits) throw tooManyEmbedded(name);
    values[embeddedName(name)] = text;
  }
  return values;
}

function textOf(name: string, value: unknown, variables: SentVariables): JsonText {
  if (value instanceof JsonText) return value;
  try {
    const sent = variables[sentTexts]?.get(name) ?? jsonTextOfParsed(value);
    if (sent instanceof JsonError) throw sent;
    return sent;
  } catch (error) {
    throw error instanceof JsonError ? badUserInput(name, error.message) : error;
  }
}
