import { deepStrictEqual } from "node:assert/strict";
import { Refusal } from "../client.ts";
import { claim, complete, get, setMany, wholeLog } from "../operations.ts";

type Server = { readonly url: string; readonly token: string };

const namespace = "tasks";
const workers = 4;
const leaseSeconds = 60;
/** Duration of a task, so that some tasks are always claimed when a fault occurs. */
const workMs = 20;

/** Workers that claim tasks and complete them, and count each in the same transaction, until none is left. */
export class ClaimWorkers {
  readonly #server: Server;
  readonly #keys: readonly string[];
  readonly #working: Promise<unknown>;
  /** The attempts that were granted, by key. */
  readonly #granted = new Map<string, number[]>();
  #completed = 0;

  private constructor(server: Server, keys: readonly string[]) {
    this.#server = server;
    this.#keys = keys;
    this.#working = Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  static async start(server: Server, tasks: number): Promise<ClaimWorkers> {
    const keys = Array.from({ length: tasks }, (_, index) => `task-${index}`);
    await setMany(
      server,
      namespace,
      keys.map((key) => ({ key, value: "to do" })),
    );
    return new ClaimWorkers(server, keys);
  }

  /** Waits until all tasks are completed, and checks that each was completed once. Returns the number of grants. */
  async done(): Promise<number> {
    await this.#working;
    const count = (await get(this.#server, "count", namespace))?.value;
    deepStrictEqual([this.#completed, count], [this.#keys.length, this.#keys.length]);
    const log = await wholeLog(this.#server);
    for (const key of this.#keys) {
      const values = log.filter((change) => change.key === key).map(({ entry }) => entry?.value);
      deepStrictEqual(values, ["to do", "done"]);
      const attempts = this.#granted.get(key) ?? [];
      deepStrictEqual(new Set(attempts).size, attempts.length, `${key}: ${attempts.join(", ")}`);
    }
    return [...this.#granted.values()].flat().length;
  }

  async #work(): Promise<void> {
    while (this.#completed < this.#keys.length) {
      const input = { namespace, keyPrefix: "task-", leaseSeconds };
      const { entry, claim: granted } = await claim(this.#server, input);
      if (entry) {
        const { key } = entry;
        this.#granted.set(key, [...(this.#granted.get(key) ?? []), granted.attempt]);
        await this.#finish(key, granted.token);
      } else {
        await new Promise((resolve) => setTimeout(resolve, workMs));
      }
    }
  }

  async #finish(key: string, token: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, workMs));
    const operations = [{ increment: { namespace, key: "count" } }];
    try {
      await complete(this.#server, { namespace, key, token, value: "done", operations });
      this.#completed++;
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "CLAIM_LOST") throw error;
    }
  }
}
