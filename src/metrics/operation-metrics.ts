import { Counter, Histogram, type Registry } from "prom-client";
import {
  transports,
  type EndedOperation,
  type OperationObserver,
  type Transport,
} from "../operation-observer.ts";

/** Callers choose the names of operations. After this many different names, each new name is counted as `other`. */
const maxNames = 200;
const maxNameLength = 100;

/** Counts operations by kind, name and error code, measures how long they take, and counts refusals. */
export class OperationMetrics implements OperationObserver {
  readonly #names = new Set<string>();
  readonly #ended: Counter<"kind" | "name" | "code">;
  readonly #duration: Histogram<"kind">;
  readonly #refused: Counter<"transport" | "code">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#ended = new Counter({
      name: "baton_operations_total",
      help: "Operations and calls of tools that have ended, and subscriptions that have started. code: OK or an error code.",
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
    this.#refused = new Counter({
      name: "baton_refused_total",
      help: "Requests and operations that were refused before execution, by transport (http, websocket or mcp) and code.",
      labelNames: ["transport", "code"],
      registers,
    });
    // A rate needs the value before the first refusal. Alerts and the dashboard use these codes.
    for (const transport of transports) {
      for (const code of ["RATE_LIMITED", "UNAUTHENTICATED"]) {
        this.#refused.inc({ transport, code }, 0);
      }
    }
  }

  ended({ kind, name, errorCode, durationMs }: EndedOperation): void {
    const label = kind === "mcp" ? String(name) : this.#label(name);
    this.#ended.inc({ kind, name: label, code: errorCode ?? "OK" });
    this.#duration.observe({ kind }, durationMs / 1_000);
  }

  refused(transport: Transport, code: string): void {
    this.#refused.inc({ transport, code });
  }

  #label(name: string | null): string {
    if (name === null) return "anonymous";
    if (this.#names.has(name)) return name;
    if (this.#names.size >= maxNames || name.length > maxNameLength) return "other";
    this.#names.add(name);
    return name;
  }
}
