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
import { atOnce, inSteps } from "../in-steps.ts";
import type { Steps } from "../json/long-value-parts.ts";
import type { ShownTexts } from "../store/response-budget.ts";
import { selectionCount } from "./document-size.ts";
import { embedVariables, type Embedding } from "./embedded-variables.ts";
import { fieldsByName, fragmentsOf } from "./fields-by-name.ts";
import { introspectionBytes } from "./introspection-size.ts";
import { mergeConflict } from "./mergeable-fields.ts";
import { shortAliases } from "./short-aliases.ts";
import { shownTexts } from "./shown-texts.ts";
import { subscriptionDirectives } from "./subscription-directives.ts";
import { listDepth, maxListDepth } from "./variable-types.ts";

/** The largest number of lexical tokens in a document. It bounds validation, which is quadratic in the worst case. */
const maxQueryTokens = 4_000;
/**
 * The largest number of selections, with each fragment counted wherever it is spread. Those that read nothing are executed
 * in one turn of the event loop, so this bounds the turn. The items of a list do not count.
 */
const maxSelections = 5_000;
/** Several times the size of a tool's request for the whole schema. */
const maxIntrospectionBytes = 1.5 * 1024 * 1024;
/** The largest product of the numbers of operations and fragments in a document. */
const maxOperationFragments = 1_000;
/**
 * The largest number of lines of a document whose errors have locations. graphql-js counts the lines again for each error,
 * and a response can have thousands of errors.
 */
const maxLocatedLines = 300;
/** Only short documents are kept. Long ones usually contain data, and are not sent again. */
const maxKeptLength = 4_096;
const maxKept = 500;
/** The largest sum of the lengths of the kept documents. A parsed document takes more than 100 bytes per character. */
const maxKeptUnits = 256 * 1024;

/** A valid document, and the operation of it to execute. */
export interface Prepared extends Embedding {
  readonly operation: OperationDefinitionNode;
  /** How often the response shows the entries that it reads. */
  readonly shown: ShownTexts;
  /** The number of fields of the root, in its fragments too. Those that `@skip` and `@include` leave out count. */
  readonly rootFields: number;
}

/**
 * The reason why an operation was refused.
 *
 * - `limit`: its text is too long.
 * - `text`: its text cannot be parsed, or is not valid in the schema.
 * - `name`: `operationName` does not name one of its operations.
 */
export type RefusalKind = "limit" | "text" | "name";

/** The error of an operation that was refused before its execution. */
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

/** The limits on an operation that are checked on its text. */
interface TextLimits {
  readonly maxQueryBytes: number;
}

/** The operations that callers can send. */
export interface OperationPolicy {
  /** Whether introspection of the schema is allowed, and errors suggest names of it. */
  readonly allowsIntrospection: boolean;
  /** The only documents that are allowed; null: all documents. */
  readonly trustedDocuments: ReadonlySet<string> | null;
}

/** Parses and validates documents for all transports, and keeps the valid ones. */
export class Operations {
  readonly #schema: GraphQLSchema;
  readonly #limits: TextLimits;
  readonly #policy: OperationPolicy;
  readonly #rules: readonly (readonly ValidationRule[])[];
  /** The kept documents by their text, the least recently used first. */
  readonly #kept = new Map<string, ValidDocument>();
  /** The sum of the lengths of the kept texts. */
  #keptUnits = 0;
  /** The most recently used document. */
  #latest: ValidDocument | null = null;

  constructor(schema: GraphQLSchema, limits: TextLimits, policy: OperationPolicy) {
    this.#schema = schema;
    this.#limits = limits;
    this.#policy = policy;
    this.#rules = policy.allowsIntrospection
      ? rules
      : [...rules, [NoSchemaIntrospectionCustomRule]];
  }

  /**
   * Parses and validates a document, or finds it among the kept ones. A long document is prepared in steps.
   * @param operationName required if the document has several operations
   * @param who the user that the work is for
   * @throws OperationRefusal
   */
  prepare(
    text: string,
    operationName: string | null | undefined,
    who: string,
  ): Prepared | Promise<Prepared> {
    if (text.length > maxKeptLength) {
      return inSteps(this.#validDocument(text), who).then((valid) => choose(valid, operationName));
    }
    const valid = this.#kept.get(text) ?? atOnce(this.#validDocument(text));
    this.#keep(text, valid);
    return choose(valid, operationName);
  }

  /** @throws OperationRefusal */
  *#validDocument(text: string): Steps<ValidDocument> {
    this.#requireTrusted(text);
    this.#requireShort(text);
    try {
      const document = parse(text, {
        maxTokens: maxQueryTokens,
        noLocation: hasManyLines(text),
      });
      yield;
      requireFewPairs(document);
      requireFewLists(document);
      requireFew(selectionCount(document));
      yield* this.#requireValid(document);
      this.#requireSmallIntrospection(document);
      yield;
      const embedding = embedVariables(this.#schema, document);
      const operation = getOperationAST(embedding.document);
      const checked = { embedding, shown: shownTexts(this.#schema, document) };
      return { ...checked, only: operation ? preparedOf(checked, operation) : null };
    } catch (error) {
      if (error instanceof OperationRefusal) throw error;
      // Thousands of nested brackets overflow the stack of the parser or of a visitor.
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
      `The text of an operation can have at most ${maxQueryBytes} bytes; this one has ${bytes}. Send values as variables.`,
    );
  }

  *#requireValid(document: DocumentNode): Steps<void> {
    const hideSuggestions = !this.#policy.allowsIntrospection;
    const begun = validate(this.#schema, document, [subscriptionDirectives]);
    if (begun.length > 0) throw new OperationRefusal("text", begun);
    const errors: GraphQLError[] = [];
    for (const group of this.#rules) {
      const options = { maxErrors: maxErrors - errors.length, hideSuggestions };
      errors.push(...validate(this.#schema, document, group, options));
      // One more error says that validation ended early.
      if (errors.length > maxErrors) break;
      yield;
    }
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
      `The response to introspection can have at most ${maxIntrospectionBytes} bytes, which is several times the size of the whole schema; this operation requests more. Request each part of the schema once.`,
    );
  }

  #keep(text: string, valid: ValidDocument): void {
    if (valid === this.#latest) return;
    this.#latest = valid;
    if (!this.#kept.delete(text)) this.#keptUnits += text.length;
    this.#kept.set(text, valid);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept && this.#keptUnits <= maxKeptUnits) return;
      this.#kept.delete(oldest);
      this.#keptUnits -= oldest.length;
    }
  }
}

// `mergeConflict` finds the same conflicts in less time.
const ownRules = specifiedRules.filter((rule) => rule !== OverlappingFieldsCanBeMergedRule);
/**
 * The rules in groups; each group visits the document in its own step. `subscriptionDirectives` runs before them: one of
 * them throws if a directive of a subscription's root field has a variable.
 */
const rules = [
  ownRules.slice(0, ownRules.length / 2),
  [...ownRules.slice(ownRules.length / 2), shortAliases],
];
/** Each error can search all names for suggestions, so their number is limited. */
const maxErrors = 20;

/** Counts all line breaks of GraphQL. */
function hasManyLines(text: string): boolean {
  if (text.length < maxLocatedLines) return false;
  const breaks = /\r\n|[\n\r]/g;
  for (let lines = 1; breaks.test(text); lines++) if (lines === maxLocatedLines) return true;
  return false;
}

/** Rules of validation visit the fragments of each operation. */
function requireFewPairs({ definitions }: DocumentNode): void {
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length;
  const pairs = operations * (definitions.length - operations);
  if (pairs <= maxOperationFragments) return;
  throw tooLarge(
    "maxOperationFragments",
    maxOperationFragments,
    `The number of operations in a document, multiplied by the number of fragments, can be at most ${maxOperationFragments}; here it is ${pairs}. Send only the operation that you want, and its fragments.`,
  );
}

/** A visitor of a document follows a fragment at each place where it is spread. */
function requireFew(selections: number): void {
  if (selections <= maxSelections) return;
  throw tooLarge(
    "maxSelections",
    maxSelections,
    `The operation can select at most ${maxSelections} fields, with each fragment counted wherever it is spread; this one selects ${selections}. Spread each fragment fewer times, or send several operations.`,
  );
}

/** Variables of such a type are not read. */
function requireFewLists({ definitions }: DocumentNode): void {
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const types = definition.variableDefinitions ?? [];
    if (types.some(({ type }) => listDepth(type) > maxListDepth)) {
      throw invalid(`The type of a variable can have at most ${maxListDepth} nested lists.`);
    }
  }
}

function invalid(message: string): OperationRefusal {
  return new OperationRefusal("text", [new GraphQLError(message)]);
}

function tooLarge(limit: string, max: number, message: string): OperationRefusal {
  return new OperationRefusal("limit", [limitExceeded(limit, max, message, "query")]);
}

/** @throws OperationRefusal */
function choose(valid: ValidDocument, operationName: string | null | undefined): Prepared {
  if (operationName == null && valid.only) return valid.only;
  const operation = getOperationAST(valid.embedding.document, operationName);
  if (operation) return preparedOf(valid, operation);
  throw new OperationRefusal("name", [
    new GraphQLError(
      operationName == null
        ? "operationName is required, because the document has several operations."
        : "operationName must name one of the document's operations.",
    ),
  ]);
}

function preparedOf(
  { embedding, shown }: Omit<ValidDocument, "only">,
  operation: OperationDefinitionNode,
): Prepared {
  const fields = fieldsByName([operation.selectionSet], fragmentsOf(embedding.document));
  return { ...embedding, operation, shown, rootFields: fields.size };
}

interface ValidDocument {
  readonly embedding: Embedding;
  readonly shown: ShownTexts;
  /** The only operation; null if there are several, so that the request must name one. */
  readonly only: Prepared | null;
}
