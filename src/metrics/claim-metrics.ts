import { Counter, type Registry } from "prom-client";
import { claimEvents, type ClaimEvent } from "../store/commit/state.ts";

/** Counts what happens to claims. */
export class ClaimMetrics {
  readonly #events: Counter<"event">;

  constructor(registry: Registry) {
    this.#events = new Counter({
      name: "baton_claims_total",
      help: "Claims by event: granted, completed, failed, released, revoked, or expired: another worker took the entry.",
      labelNames: ["event"],
      registers: [registry],
    });
    // A rate needs the value before the first event.
    for (const event of claimEvents) this.#events.inc({ event }, 0);
  }

  /** Receives the events of one commit. */
  committed(events: readonly ClaimEvent[]): void {
    for (const event of events) this.#events.inc({ event });
  }
}
