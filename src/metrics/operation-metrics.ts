import { Counter, Histogram, type Registry } from "prom-client";

/** The result of a query, of a mutation, or of the start of a subscription. */
export interface EndedOperation {
  readonly kind: string;
  /** The operation's own name; null for an anonymous one. */
  readonly name: string | null;
  /** The code of its first error; null if it has none. */
  readonly errorCode: string | null;
  readonly durationMs: number;
}

/** Callers choose names. After this many different names, each new name is counted as `other`. */
const maxNames = 200;
const maxNameLength = 100;

/** Counts operations by kind, name and error code, and measures how long they take. */
export class OperationMetrics {
  readonly #names = new Set<string>();
  readonly #ended: Counter<"kind" | "name" | "code">;
  readonly #duration: Histogram<"kind">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#ended = new Counter({
      name: "baton_operations_total",
      help: "GraphQL operations that have ended, and subscriptions that have started. code: OK or an error code.",
      labelNames: ["kind", "name", "code"],
      registers,
    });
    this.#duration = new Histogram({
      name: "baton_operation_duration_seconds",
      help: "Duration of operations; for subscriptions, of their start. awaitEntry and claims can wait for other writers.",
      labelNames: ["kind"],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    });
  }

  ended({ kind, name, errorCode, durationMs }: EndedOperation): void {
    this.#ended.inc({ kind, name: this.#label(name), code: errorCode ?? "OK" });
    this.#duration.observe({ kind }, durationMs / 1_000);
  }

  #label(name: string | null): string {
    if (name === null) return "anonymous";
    if (this.#names.has(name)) return name;
    if (this.#names.size >= maxNames || name.length > maxNameLength) return "other";
    this.#names.add(name);
    return name;
  }
}
