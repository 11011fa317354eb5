import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Session } from "../auth/authenticator.ts";
import { BatonError } from "../errors.ts";
import type { Context } from "../schema/context.ts";
import { schema } from "../schema/schema.ts";
import { writeLongJson, type TextParts } from "../json/write-long-json.ts";
import { compiledOperation } from "./compiled-operation.ts";
import { embeddedValues } from "./embedded-variables.ts";
import { atOnce, inSteps } from "../in-steps.ts";
import type { OperationObserver } from "../operation-observer.ts";
import { openLiveOperation, type LiveOperation } from "./live-operation.ts";
import { OperationContext, type Connection, type Services } from "./operation-context.ts";
import type { OperationNote } from "./operation-note.ts";
import { Operations, type OperationPolicy, type Prepared } from "./operations.ts";
import { publicErrors } from "./public-error.ts";
import { readMessage, type SocketMessage } from "./read-message.ts";
import { readOperation, type Operation } from "./read-operation.ts";
import { readSearch } from "./read-search.ts";
import type { SentVariables } from "./sent-variables.ts";

export interface GraphqlOptions extends Services {
  readonly observer?: OperationObserver | undefined;
  readonly policy: OperationPolicy;
  readonly logger: Logger;
}

type Variables = SentVariables | null | undefined;

/** The result of a query or a mutation. */
export interface OperationResult {
  /** The result as JSON, in parts if it can be long. */
  readonly text: string | TextParts;
  /** Whether it was executed. False if a variable was refused. */
  readonly isExecuted: boolean;
  /** The code of the first error; null if there are no errors. */
  readonly errorCode: string | null;
}

/** Executes operations of all transports. The errors in its results are in their public form. */
export class Graphql {
  readonly operations: Operations;
  readonly #services: Services;
  /** Whether errors omit suggestions, which name parts of the schema. */
  readonly #hidesSuggestions: boolean;
  readonly #logger: Logger;
  readonly #observer: OperationObserver | undefined;

  constructor({ logger, observer, policy, ...services }: GraphqlOptions) {
    this.#observer = observer;
    this.operations = new Operations(schema, services.store.limits, policy);
    this.#services = services;
    this.#hidesSuggestions = !policy.allowsIntrospection;
    this.#logger = logger;
  }

  /** See `readOperation`. */
  readOperation(text: string, who: string): Operation | Promise<Operation> {
    return readOperation(text, schema, this.#services.store.limits, who);
  }

  /** See `readSearch`. */
  readSearch(search: string): Operation | Promise<Operation> | null {
    return readSearch(search, schema, this.#services.store.limits);
  }

  /** See `readMessage`. */
  readMessage(text: string, who: string): SocketMessage | string | Promise<SocketMessage | string> {
    return readMessage(text, schema, this.#services.store.limits, who);
  }

  /** Creates the context of the resolvers of one operation. */
  context(session: Session, connection: Connection): OperationContext {
    return new OperationContext(this.#services, session, connection);
  }

  /**
   * Executes a query or a mutation.
   * @throws RATE_LIMITED before the operation is executed
   */
  execute(
    prepared: Prepared,
    variables: Variables,
    context: OperationContext,
  ): Promise<OperationResult> {
    this.#admit(prepared, context);
    if (!this.#observer) return this.#execute(prepared, variables, context);
    const run = () => this.#execute(prepared, variables, context);
    return observed(this.#observer, prepared, run, ({ errorCode }) => errorCode);
  }

  async #execute(
    prepared: Prepared,
    variables: Variables,
    context: OperationContext,
  ): Promise<OperationResult> {
    let given: Variables;
    try {
      given = embeddedValues(prepared, variables);
    } catch (error) {
      return this.#resultOf({ errors: [error as GraphQLError] }, context);
    }
    context.budget.shown = prepared.shown;
    const compiled = compiledOperation(prepared);
    const result = await (compiled
      ? compiled.run(given, context, this.#hidesSuggestions)
      : execute(this.#argumentsOf(prepared, given, context)));
    const shown =
      typeof result === "string"
        ? { text: result, isExecuted: true, errorCode: null }
        : await this.#resultOf(result, context);
    this.#services.bounds.count(context.viewer, lengthOf(shown.text));
    return shown;
  }

  async #resultOf(
    result: ExecutionResult,
    { viewer, note }: OperationContext,
  ): Promise<OperationResult & { readonly text: TextParts }> {
    const steps = result.errors && publicErrors(result.errors, this.#logger, note);
    const errors = steps && (await inSteps(steps, viewer.userId));
    const shown = errors ? { ...result, errors } : result;
    return {
      text: await inSteps(writeLongJson(shown), viewer.userId),
      isExecuted: "data" in result,
      errorCode: errors ? codeOf(errors) : null,
    };
  }

  /**
   * Begins a subscription. If it cannot begin, the result contains the errors.
   * @throws RATE_LIMITED, LIMIT_EXCEEDED before the subscription begins
   */
  subscribe(
    prepared: Prepared,
    variables: Variables,
    context: OperationContext,
  ): Promise<ExecutionResult | LiveOperation> {
    this.#admit(prepared, context);
    if (!this.#observer) return this.#subscribe(prepared, variables, context);
    const begin = () => this.#subscribe(prepared, variables, context);
    return observed(this.#observer, prepared, begin, (begun) =>
      "errors" in begun && begun.errors ? codeOf(begun.errors) : null,
    );
  }

  #subscribe(
    prepared: Prepared,
    variables: Variables,
    context: OperationContext,
  ): Promise<ExecutionResult | LiveOperation> {
    context.budget.shown = prepared.shown;
    const leave = this.#services.bounds.enter(context.viewer, "Subscriptions");
    return openLiveOperation({
      leave,
      ...this.#argumentsOf(prepared, variables, context),
      operation: prepared.operation,
      maxComplexity: this.#services.store.limits.maxQueryComplexity,
      publicErrors: (errors) => this.publicErrors(errors, context.note),
      writeErrors: async (result) => (await this.#resultOf(result, context)).text,
    });
  }

  #argumentsOf(
    { document, operation }: Prepared,
    variables: Variables,
    contextValue: Context,
  ): ExecutionArgs {
    return {
      schema,
      document,
      operationName: operation.name?.value ?? null,
      variableValues: variables ?? null,
      contextValue,
      hideSuggestions: this.#hidesSuggestions,
    };
  }

  #admit({ operation, rootFields }: Prepared, { viewer }: OperationContext): void {
    const kind = operation.operation === "mutation" ? "Writes" : "Reads";
    this.#services.bounds.admit(viewer, kind, rootFields);
  }

  /**
   * Returns errors in their public form.
   * @param note the note of their operation
   */
  publicErrors(errors: readonly unknown[], note: OperationNote): GraphQLError[] {
    return atOnce(publicErrors(errors, this.#logger, note));
  }
}

/** Runs the work, and reports its outcome to the observer. */
async function observed<T>(
  observer: OperationObserver,
  { operation }: Prepared,
  work: () => Promise<T>,
  codeOfResult: (result: T) => string | null,
): Promise<T> {
  const begin = performance.now();
  const ended = (errorCode: string | null) =>
    observer.ended({
      kind: operation.operation,
      name: operation.name?.value ?? null,
      errorCode,
      durationMs: performance.now() - begin,
    });
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // If it was refused before execution, the transport counts it.
    if (!(error instanceof BatonError)) ended("INTERNAL");
    throw error;
  }
  ended(codeOfResult(result));
  return result;
}

function lengthOf(text: string | TextParts): number {
  if (typeof text === "string") return text.length;
  return text.reduce((sum, { length }) => sum + length, 0);
}

/** The code of the first error; null if there are no errors. */
export function codeOf([error]: readonly GraphQLError[]): string | null {
  return error ? String(error.extensions.code) : null;
}
