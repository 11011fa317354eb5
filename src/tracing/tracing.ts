import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { ErrorCode } from "../errors.ts";
import type {
  OperationTrace,
  OperationTracer,
  TraceCarrier,
  TracedOperation,
} from "../operation-trace.ts";

const propagator = new W3CTraceContextPropagator();
const getter = {
  keys: (carrier: TraceCarrier) => Object.keys(carrier),
  get(carrier: TraceCarrier, key: string) {
    const value = carrier[key];
    return typeof value === "string" ? value : undefined;
  },
};
/** Only these errors mark a span as failed. The others report a problem with the request. */
const serverErrors: readonly string[] = ["UNAVAILABLE", "INTERNAL"] satisfies ErrorCode[];
const maxNameLength = 100;
const pseudonymDigits = 16;

/** The spans of operations, and of the commits and reads that they request. */
export class Tracing implements OperationTracer {
  readonly #tracer: Tracer;
  /** The span of the operation that the running work is part of. */
  readonly #current = new AsyncLocalStorage<Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin(startTime: number, carriers: readonly TraceCarrier[]): OperationTrace {
    const options = { kind: SpanKind.SERVER, startTime };
    const span = this.#tracer.startSpan("operation", options, parentIn(carriers));
    const { traceId, spanId } = span.spanContext();
    return {
      traceId,
      spanId,
      run: (work) => this.#current.run(span, work),
      end: (operation) => end(span, operation),
    };
  }

  /**
   * Runs work in a child span of the current operation's span. It runs without a span if there is no current operation,
   * or if its span has ended. The span of a subscription ends when the subscription has started.
   * @param finish returns attributes that are known only when the work is done
   */
  async child<T>(
    name: string,
    attributes: Attributes,
    work: () => Promise<T>,
    finish: () => Attributes = () => ({}),
  ): Promise<T> {
    const parent = this.#current.getStore();
    if (!parent?.isRecording()) return work();
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    const span = this.#tracer.startSpan(name, { attributes }, context);
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.setAttributes(finish()).end();
    }
  }
}

function parentIn(carriers: readonly TraceCarrier[]): Context {
  for (const carrier of carriers) {
    const context = propagator.extract(ROOT_CONTEXT, carrier, getter);
    const parent = trace.getSpanContext(context);
    if (parent && isSpanContextValid(parent)) return context;
  }
  return ROOT_CONTEXT;
}

function end(span: Span, { title, kind, name, userId, errorCode }: TracedOperation): void {
  if (!span.isRecording()) return;
  span.updateName(title);
  span.setAttributes({
    ...(kind === null ? {} : { "graphql.operation.type": kind }),
    ...(name === null ? {} : { "graphql.operation.name": name.slice(0, maxNameLength) }),
    ...(userId === null ? {} : { "enduser.pseudo.id": pseudonymOf(userId) }),
    "baton.code": errorCode ?? "OK",
    ...(errorCode === null ? {} : { "error.type": errorCode }),
  });
  if (errorCode !== null && serverErrors.includes(errorCode)) {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Identifies the spans of one user without revealing the user's name. */
function pseudonymOf(userId: string): string {
  return createHash("sha256").update(userId).digest("hex").slice(0, pseudonymDigits);
}
