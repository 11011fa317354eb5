import {
  getOperationAST,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OverlappingFieldsCanBeMergedRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationRule,
} from "graphql";
import { forbidden, limitExceeded } from "../errors.ts";
import type { ShownTexts } from "../store/response-budget.ts";
import { selectionCount } from "./document-size.ts";
import { embedVariables, type Embedding } from "./embedded-variables.ts";
import { introspectionBytes } from "./introspection-size.ts";
import { mergeConflict } from "./mergeable-fields.ts";
import { shortAliases } from "./short-aliases.ts";
import { shownTexts } from "./shown-texts.ts";
import { subscriptionDirectives } from "./subscription-directives.ts";

/** Lexical tokens of one operation: bounds what validation, quadratic in the worst case, may cost. */
const maxQueryTokens = 4_000;
/** Several times what tools ask for that want to know all of the schema. */
const maxIntrospectionBytes = 1.5 * 1024 * 1024;
/** The operations of a document, times its fragments. */
const maxOperationFragments = 1_000;
/** Only short documents are kept: the long ones are data written into a query, and never seen again. */
const maxKeptLength = 4_096;
const maxKept = 500;

/** A document that may be executed, and the operation of it that is meant. */
export interface Prepared extends Embedding {
  readonly operation: OperationDefinitionNode;
  /** How often its answer shows what it reads. */
  readonly shown: ShownTexts;
}

/**
 * Why an operation was not begun.
 *
 * - `limit`: its text is too long.
 * - `text`: it can't be parsed, or is not valid in the schema.
 * - `name`: `operationName` names none of its operations.
 */
export type RefusalKind = "limit" | "text" | "name";

/** An operation that was not begun. */
export class OperationRefusal extends Error {
  override readonly name = "OperationRefusal";
  readonly kind: RefusalKind;
  readonly errors: readonly Error[];

  constructor(kind: RefusalKind, errors: readonly Error[]) {
    super("The operation is refused.");
    this.kind = kind;
    this.errors = errors;
  }
}

/** What is known of an operation's cost from its text. */
interface TextLimits {
  readonly maxQueryBytes: number;
  readonly maxQueryComplexity: number;
}

/** Which operations callers may send at all. */
export interface OperationPolicy {
  /** Whether they may ask for the schema. */
  readonly allowsIntrospection: boolean;
  /** The only documents that they may send; null: any. */
  readonly trustedDocuments: ReadonlySet<string> | null;
}

/** Parses and validates the text of operations for every transport, and keeps the documents that are valid. */
export class Operations {
  readonly #schema: GraphQLSchema;
  readonly #limits: TextLimits;
  readonly #policy: OperationPolicy;
  readonly #rules: readonly ValidationRule[];
  /** By their text, the least recently used first. */
  readonly #kept = new Map<string, ValidDocument>();
  /** The most recently used. */
  #latest: ValidDocument | null = null;

  constructor(schema: GraphQLSchema, limits: TextLimits, policy: OperationPolicy) {
    this.#schema = schema;
    this.#limits = limits;
    this.#policy = policy;
    this.#rules = policy.allowsIntrospection ? rules : [...rules, NoSchemaIntrospectionCustomRule];
  }

  /**
   * @param operationName needed where the document has several operations
   * @throws OperationRefusal
   */
  prepare(text: string, operationName: string | null | undefined): Prepared {
    const known = this.#kept.get(text);
    const valid = known ?? this.#validDocument(text);
    if (text.length <= maxKeptLength) this.#keep(text, valid);
    if (operationName == null && valid.only) return valid.only;
    const operation = getOperationAST(valid.embedding.document, operationName);
    if (operation) return { ...valid.embedding, operation, shown: valid.shown };
    throw new OperationRefusal("name", [
      new GraphQLError("operationName must name one of the operations, where there are several."),
    ]);
  }

  /** @throws OperationRefusal */
  #validDocument(text: string): ValidDocument {
    this.#requireTrusted(text);
    this.#requireShort(text);
    try {
      const document = parse(text, { maxTokens: maxQueryTokens });
      requireFewPairs(document);
      this.#requireFew(selectionCount(document));
      this.#requireValid(document);
      this.#requireSmallIntrospection(document);
      const embedding = embedVariables(this.#schema, document);
      const operation = getOperationAST(embedding.document);
      const shown = shownTexts(this.#schema, document);
      return { embedding, shown, only: operation ? { ...embedding, operation, shown } : null };
    } catch (error) {
      if (error instanceof OperationRefusal) throw error;
      // Thousands of nested brackets overflow the stack of whoever walks them.
      if (error instanceof RangeError) throw invalid("The operation is nested too deep.");
      if (error instanceof GraphQLError) throw new OperationRefusal("text", [error]);
      throw error;
    }
  }

  #requireTrusted(text: string): void {
    if (this.#policy.trustedDocuments?.has(text) !== false) return;
    throw new OperationRefusal("text", [
      forbidden("This server executes only the documents that its operator has listed."),
    ]);
  }

  #requireShort(text: string): void {
    const { maxQueryBytes } = this.#limits;
    const bytes = Buffer.byteLength(text);
    if (bytes <= maxQueryBytes) return;
    throw tooLarge(
      "maxQueryBytes",
      maxQueryBytes,
      `The text of an operation may have ${maxQueryBytes} bytes; this has ${bytes}. Send values as variables.`,
    );
  }

  /** Whoever walks over a document may follow its fragments wherever they are spread. */
  #requireFew(selections: number): void {
    const { maxQueryComplexity } = this.#limits;
    if (selections <= maxQueryComplexity) return;
    throw tooLarge(
      "maxQueryComplexity",
      maxQueryComplexity,
      `With its fragments written out, the operation selects ${selections} fields, more than ${maxQueryComplexity}. Spread each fragment fewer times.`,
    );
  }

  #requireValid(document: DocumentNode): void {
    const begun = validate(this.#schema, document, [subscriptionDirectives]);
    const errors =
      begun.length > 0 ? begun : validate(this.#schema, document, this.#rules, { maxErrors });
    if (errors.length > 0) throw new OperationRefusal("text", errors);
    const conflict = mergeConflict(document);
    if (conflict) throw new OperationRefusal("text", [conflict]);
  }

  #requireSmallIntrospection(document: DocumentNode): void {
    const bytes = introspectionBytes(this.#schema, document, maxIntrospectionBytes);
    if (bytes <= maxIntrospectionBytes) return;
    throw tooLarge(
      "maxIntrospectionBytes",
      maxIntrospectionBytes,
      `The answer of an introspection may have ${maxIntrospectionBytes} bytes, which is several times what the whole schema needs; this asks for more. Ask for each part of the schema once.`,
    );
  }

  #keep(text: string, valid: ValidDocument): void {
    if (valid === this.#latest) return;
    this.#latest = valid;
    this.#kept.delete(text);
    this.#kept.set(text, valid);
    if (this.#kept.size <= maxKept) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}

/** `subscriptionDirectives` is checked before these: one of them throws where a subscription's own field has a variable. */
const rules = [
  // `mergeConflict` finds the same, in less time.
  ...specifiedRules.filter((rule) => rule !== OverlappingFieldsCanBeMergedRule),
  shortAliases,
];
/** Each error may look for what else was meant, among all names. */
const maxErrors = 20;

/** Rules of validation follow the fragments of each operation. */
function requireFewPairs({ definitions }: DocumentNode): void {
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length;
  const pairs = operations * (definitions.length - operations);
  if (pairs <= maxOperationFragments) return;
  throw tooLarge(
    "maxOperationFragments",
    maxOperationFragments,
    `The operations times the fragments of a document may be ${maxOperationFragments}; these are ${pairs}. Send the operation that you want, and its fragments.`,
  );
}

function invalid(message: string): OperationRefusal {
  return new OperationRefusal("text", [new GraphQLError(message)]);
}

function tooLarge(limit: string, max: number, message: string): OperationRefusal {
  return new OperationRefusal("limit", [limitExceeded(limit, max, message, "query")]);
}

interface ValidDocument {
  readonly embedding: Embedding;
  readonly shown: ShownTexts;
  /** Null where there are several, of which one must be named. */
  readonly only: Prepared | null;
}
