/**
 * Where a caller may name the trace that its request is part of, in the form of W3C Trace Context: as `traceparent` and
 * `tracestate`.
 */
export type TraceCarrier = Readonly<Record<string, unknown>>;

/** What the span of an operation tells. Neither a token nor a key nor a value is part of it. */
export interface TracedOperation {
  /** The name of the span, such as `mutation setEntry`. Its parts come from the schema, so there are few. */
  readonly title: string;
  /** `query`, `mutation`, `subscription` or `mcp`; null if it was refused before that was known. */
  readonly kind: string | null;
  /** The name that its caller gave it; null for an anonymous one. */
  readonly name: string | null;
  /** Null before its caller is known. */
  readonly userId: string | null;
  /** The code of its first error; null if it has none. */
  readonly errorCode: string | null;
}

/** The span of one operation. */
export interface OperationTrace {
  /** 32 hexadecimal digits: the trace that the operation is part of. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Does work of the operation. The commits and reads that it asks for are children of the span. */
  run<T>(work: () => T): T;
  /** Ends the span. Later calls do nothing. */
  end(operation: TracedOperation): void;
}

/** Makes the spans of operations. There is one only where the operator wants traces. */
export interface OperationTracer {
  /**
   * @param beganAt when the operation began, on the clock of `performance`
   * @param carriers where its caller may have named a trace: the first that has one counts. Otherwise a trace begins here
   */
  begin(beganAt: number, carriers: readonly TraceCarrier[]): OperationTrace;
}
