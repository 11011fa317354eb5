import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  getNamedType,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLObjectType,
} from "graphql";
import { schema } from "../../src/schema/schema.ts";
import type { Random } from "./random.ts";

/** An operation in the form of a request or of a socket's message. */
export interface GeneratedOperation {
  readonly kind: "query" | "mutation" | "subscription";
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const goodTexts = ["k1", "k2", "k3", "default", "job:1", "é😀"];
const texts = [...goodTexts, "", "\u0000", "\ud800", "*", "%_", "x".repeat(1_100)];
const scalars: Readonly<Record<string, readonly unknown[]>> = {
  Boolean: [true, false],
  Int: [1, 2, 10, 1, 2, 10, 0, -1, 501, 2_147_483_647],
  Float: [0, 1, -0.5, 1e300, 9_007_199_254_740_991],
  String: texts,
  ID: texts,
  Revision: ["0", "0", "1", "2", "-1", "99999999999999999999", "x"],
  DateTime: ["2026-01-31T12:00:00Z", "2026-13-45", ""],
};
const wrong: readonly unknown[] = [null, 1.5, "wrong", true, [], {}, [[1]]];
/** Values that do not wait: beyond the limit, they are refused. */
const waits = [0, -1, 99_999];
const maxDepth = 4;

/** Generates an operation that the schema allows or nearly allows: some values have a wrong type, some texts are garbled. */
export function generateOperation(random: Random, withSubscriptions = true): GeneratedOperation {
  const all = ["query", "query", "mutation", "mutation", "subscription"] as const;
  const kind = random.pick(withSubscriptions ? all : (["query", "mutation"] as const));
  const generator = new Generator(random);
  const root = schema.getRootType(kind as never) as GraphQLObjectType;
  const selection = generator.selection(root, 0, kind === "subscription" ? 1 : 1 + random.below(3));
  const definitions =
    generator.definitions.length > 0 ? `(${generator.definitions.join(", ")})` : "";
  const query = [kind, definitions, selection, ...generator.fragments].join(" ");
  return {
    kind,
    query: random.percent(3) ? random.garble(query) : query,
    variables: generator.variables,
  };
}

class Generator {
  readonly definitions: string[] = [];
  readonly variables: Record<string, unknown> = {};
  readonly fragments: string[] = [];
  readonly #random: Random;
  #aliases = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  selection(type: GraphQLObjectType, depth: number, count = 1 + this.#random.below(4)): string {
    const random = this.#random;
    const all = Object.values(type.getFields());
    const fields = Array.from({ length: count }, () => {
      const field = random.pick(all);
      const named = getNamedType(field.type);
      if (!isLeafType(named) && depth >= maxDepth) return "__typename";
      const inner = isObjectType(named) ? this.selection(named, depth + 1) : "";
      const selected = `${field.name}${this.#arguments(field.args)}${this.#directive()}`;
      // A subscription has one root field, and each mutation writes.
      const canRepeat = inner !== "" && (depth > 0 || type.name === "Query");
      if (canRepeat && random.percent(10)) return this.#repeated(selected, named.name, inner);
      // Fields of the same name with different arguments conflict.
      const alias = field.args.length > 0 ? `a${this.#aliases++}: ` : "";
      return `${alias}${selected} ${inner}`;
    });
    if (random.percent(5)) fields.push(`... on ${type.name} { __typename }`);
    return `{ ${fields.join(" ")} }`;
  }

  /** A field under several aliases that share a fragment. Such fragments can be within each other. */
  #repeated(selected: string, type: string, inner: string): string {
    const name = `F${this.fragments.length}`;
    this.fragments.push(`fragment ${name} on ${type} ${inner}`);
    const aliases = Array.from(
      { length: 1 + this.#random.below(20) },
      () => `a${this.#aliases++}: ${selected} { ...${name} }`,
    );
    return aliases.join(" ");
  }

  #directive(): string {
    if (!this.#random.percent(1)) return "";
    return ` @${this.#random.pick(["include", "skip", "skip", "other"])}(if: ${this.#random.pick(["true", "true", "false", "1"])})`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args.filter(({ name, type, defaultValue }) => {
      const isRequired = isNonNullType(type) && defaultValue === undefined;
      return name === "timeoutSeconds" || this.#random.percent(isRequired ? 99.5 : 15);
    });
    if (given.length === 0) return "";
    return `(${given.map((argument) => `${argument.name}: ${this.#argument(argument)}`).join(", ")})`;
  }

  #argument({ name, type }: GraphQLArgument): string {
    const value = name === "timeoutSeconds" ? this.#random.pick(waits) : this.#value(type, 0);
    if (this.#random.percent(50)) return literal(value, type);
    const variable = `v${this.definitions.length}`;
    this.definitions.push(`$${variable}: ${String(type)}`);
    this.variables[variable] = value;
    return `$${variable}`;
  }

  #value(type: GraphQLInputType, depth: number): unknown {
    const random = this.#random;
    if (random.percent(0.5)) return random.pick(wrong);
    const nullable = getNullableType(type);
    if (!isNonNullType(type) && random.percent(5)) return null;
    if (isListType(nullable)) {
      const item = nullable.ofType as GraphQLInputType;
      return Array.from({ length: random.below(4) }, () => this.#value(item, depth + 1));
    }
    if (isEnumType(nullable)) return random.pick(nullable.getValues()).name;
    if (isInputObjectType(nullable)) {
      if (depth > 4) return {};
      const fields = Object.values(nullable.getFields());
      const chosen = nullable.isOneOf
        ? [random.pick(fields)]
        : fields.filter((field) => random.percent(isNonNullType(field.type) ? 99.5 : 20));
      return Object.fromEntries(
        chosen.map((field) => [field.name, this.#value(field.type, depth + 1)]),
      );
    }
    const known = scalars[nullable.name];
    if (!known) return this.#json(0);
    return known === texts && random.percent(85) ? random.pick(goodTexts) : random.pick(known);
  }

  #json(depth: number): unknown {
    const random = this.#random;
    switch (depth > 3 ? random.below(4) : random.below(6)) {
      case 0:
        return null;
      case 1:
        return random.percent(50);
      case 2:
        return random.pick([0, -1, 1.5, 1e21, 123_456_789]);
      case 3:
        return random.pick(texts);
      case 4:
        return Array.from({ length: random.below(4) }, () => this.#json(depth + 1));
      default:
        return Object.fromEntries(
          Array.from({ length: random.below(4) }, (_, at) => [`m${at}`, this.#json(depth + 1)]),
        );
    }
  }
}

/** Writes a value as a GraphQL literal. */
function literal(value: unknown, type: GraphQLInputType | undefined): string {
  const nullable = type && getNullableType(type);
  if (Array.isArray(value)) {
    const item = isListType(nullable) ? (nullable.ofType as GraphQLInputType) : undefined;
    return `[${value.map((one) => literal(one, item)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = isInputObjectType(nullable) ? nullable.getFields() : {};
    const members = Object.entries(value).map(
      ([name, member]) => `${name}: ${literal(member, fields[name]?.type)}`,
    );
    return `{${members.join(", ")}}`;
  }
  return typeof value === "string" && isEnumType(nullable) ? value : JSON.stringify(value);
}
