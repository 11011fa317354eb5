/** The result of a query, of a mutation, of the start of a subscription, or of a call over MCP. */
export interface EndedOperation {
  /** `query`, `mutation`, `subscription` or `mcp`. */
  readonly kind: string;
  /** The operation's own name; null for an anonymous one. Over MCP, the name of the tool, or the method. */
  readonly name: string | null;
  /** The code of its first error; null if it has none. */
  readonly errorCode: string | null;
  readonly durationMs: number;
}

export const transports = ["http", "websocket", "mcp"] as const;
export type Transport = (typeof transports)[number];

/** Receives the outcome of each operation. It exists only if metrics are on. */
export interface OperationObserver {
  ended(operation: EndedOperation): void;
  /** Receives the code of a request or an operation that was refused before execution. */
  refused(transport: Transport, code: string): void;
}
