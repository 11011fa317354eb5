import {
  createSourceEventStream,
  execute,
  getVariableValues,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type OperationDefinitionNode,
} from "graphql";
import { ClaimWatch } from "../feed/claim-watch.ts";
import type { FeedEvent } from "../feed/feed-event.ts";
import type { SharedRendering } from "../feed/group.ts";
import type { Delivery } from "../feed/member.ts";
import type { Sink } from "../feed/sink.ts";
import { Subscription } from "../feed/subscription.ts";
import type { TextParts } from "../json/write-long-json.ts";
import { schema } from "../schema/schema.ts";
import { SelectionCompiler } from "./selection-compiler.ts";
import { writeResult } from "./write-result.ts";

/** graphql-js executes larger selections, and checks their complexity. */
const maxCompiledFields = 100;

export interface LiveArguments extends ExecutionArgs {
  readonly operation: OperationDefinitionNode;
  readonly maxComplexity: number;
  /** Returns errors in their public form. */
  readonly publicErrors: (errors: readonly unknown[]) => GraphQLError[];
  /** Writes an event's result that has errors, of which there can be thousands. */
  readonly writeErrors: (result: ExecutionResult) => Promise<TextParts>;
  /** Called when the subscription has ended or did not begin. It can be called several times. */
  readonly leave: () => void;
}

/**
 * Begins a subscription. The position of its first event is then fixed.
 * @returns a result with errors if it did not begin
 */
export async function openLiveOperation(
  args: LiveArguments,
): Promise<ExecutionResult | LiveOperation> {
  const source = await beginSource(args);
  if (source instanceof Subscription) return new LiveOperation(args, source);
  if (source instanceof ClaimWatch) return new LiveOperation(args, new SteppedSource(source));
  if (Symbol.asyncIterator in source)
    throw new Error("The feed does not support this subscription.");
  args.leave();
  return { errors: args.publicErrors(source.errors ?? []) };
}

async function beginSource(args: LiveArguments) {
  try {
    return await createSourceEventStream(args);
  } catch (error) {
    args.leave();
    throw error;
  }
}

/** The source of the events of a live operation. */
interface LiveSource {
  deliver(delivery: Delivery<Buffer>): Promise<void>;
  close(): void;
}

/** Reads the next event when the sink has room for it, from a source that does not buffer events. */
class SteppedSource implements LiveSource {
  readonly #watch: ClaimWatch;

  constructor(watch: ClaimWatch) {
    this.#watch = watch;
  }

  async deliver({ render, sink }: Delivery<Buffer>): Promise<void> {
    for await (const counts of this.#watch) {
      sink.send(await render(counts as never));
      if (sink.isFull) await sink.drained();
    }
  }

  close(): void {
    this.#watch.close();
  }
}

/** A subscription whose events a transport delivers, each as the JSON text of its result in UTF-8. */
export class LiveOperation {
  readonly #args: LiveArguments;
  readonly #subscription: LiveSource;

  constructor(args: LiveArguments, subscription: LiveSource) {
    this.#args = args;
    this.#subscription = subscription;
  }

  /**
   * Sends the events until the subscription is closed or completes.
   * @throws the error that ends the subscription
   */
  deliver(sink: Sink<Buffer>): Promise<void> {
    const delivered = this.#subscription.deliver({
      sink,
      shared: sharedRendering(this.#args),
      render: (event) => this.#render(event),
    });
    return delivered.finally(this.#args.leave);
  }

  close(): void {
    this.#subscription.close();
    this.#args.leave();
  }

  #render(event: FeedEvent): Buffer | Promise<Buffer> {
    const result = execute({ ...this.#args, rootValue: event });
    return result instanceof Promise
      ? result.then((settled) => this.#payload(settled))
      : this.#payload(result);
  }

  #payload(result: ExecutionResult): Buffer | Promise<Buffer> {
    if (!result.errors) return Buffer.from(writeResult(result));
    return this.#args.writeErrors(result).then((parts) => Buffer.from(parts.join("")));
  }
}

/** The renderings of operations that depend on no variable. */
const renderings = new WeakMap<OperationDefinitionNode, SharedRendering<Buffer> | null>();

/** Null if graphql-js must execute each event for each subscriber. */
function sharedRendering(args: LiveArguments): SharedRendering<Buffer> | null {
  const { document, operation, variableValues, maxComplexity } = args;
  const known = renderings.get(operation);
  if (known !== undefined) return known;
  const root = schema.getSubscriptionType();
  if (!root) return null;
  const maxFields = Math.min(maxCompiledFields, maxComplexity - 1);
  const { coerced = {} } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variableValues ?? {},
  );
  const compiler = new SelectionCompiler(document, coerced, maxFields);
  const selection = compiler.compile(root, operation.selectionSet);
  const rendering = selection && {
    key: selection.key,
    render: (event: FeedEvent) => Buffer.from(selection.write(event)),
  };
  if (!compiler.usesVariables) renderings.set(operation, rendering);
  return rendering;
}
