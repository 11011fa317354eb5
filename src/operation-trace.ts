/**
 * A record that can name the trace that a request is part of, in the form of W3C Trace Context: `traceparent` and
 * `tracestate`.
 */
export type TraceCarrier = Readonly<Record<string, unknown>>;

/** The attributes of an operation's span. They contain no token, key or value. */
export interface TracedOperation {
  /** The name of the span, such as `mutation setEntry`. Its parts come from the schema, so there are few. */
  readonly title: string;
  /** `query`, `mutation`, `subscription` or `mcp`; null if the request was refused before its kind was known. */
  readonly kind: string | null;
  /** The name of the operation; null if it is anonymous. */
  readonly name: string | null;
  /** Null if the caller is not authenticated yet. */
  readonly userId: string | null;
  /** The code of the first error; null if there are no errors. */
  readonly errorCode: string | null;
}

/** The span of one operation. */
export interface OperationTrace {
  /** 32 hexadecimal digits: the trace that the operation is part of. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Runs work of the operation. Its commits and reads become children of the span. */
  run<T>(work: () => T): T;
  /** Ends the span. Later calls do nothing. */
  end(operation: TracedOperation): void;
}

/** Creates the spans of operations. It exists only if traces are on. */
export interface OperationTracer {
  /**
   * @param beganAt the start of the operation, on the clock of `performance`
   * @param carriers the records that can name the caller's trace: the first that names one counts. If none does, a new
   * trace begins
   */
  begin(beganAt: number, carriers: readonly TraceCarrier[]): OperationTrace;
}
