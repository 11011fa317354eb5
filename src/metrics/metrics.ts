import { collectDefaultMetrics, Registry } from "prom-client";
import type { Hub } from "../feed/hub.ts";
import type { Statistics } from "../store/contract.ts";
import { ClaimMetrics } from "./claim-metrics.ts";
import { CommitMetrics } from "./commit-metrics.ts";
import { OperationMetrics } from "./operation-metrics.ts";
import { registerStoreMetrics } from "./store-metrics.ts";

/**
 * The metrics of one server, in the format of Prometheus. They include those that `prom-client` provides for every Node
 * process: memory, garbage collection, and the delay of the event loop.
 */
export class Metrics {
  readonly operations: OperationMetrics;
  readonly commits: CommitMetrics;
  readonly claims: ClaimMetrics;
  readonly #registry = new Registry();

  constructor(database: Statistics, hub: Pick<Hub, "followers">) {
    collectDefaultMetrics({ register: this.#registry });
    this.operations = new OperationMetrics(this.#registry);
    this.commits = new CommitMetrics(this.#registry);
    this.claims = new ClaimMetrics(this.#registry);
    registerStoreMetrics(this.#registry, database, hub);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The current metrics. */
  async text(): Promise<string> {
    // This metric reads the values of others, so it comes first.
    await this.#registry.getSingleMetric("baton_database_up")?.get();
    return this.#registry.metrics();
  }
}
