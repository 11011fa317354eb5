import { jsonTextOf } from "../../src/json/json-text.ts";
import { BatonError } from "../../src/errors.ts";
import type { Instance } from "./instance.ts";
import { viewerWith } from "../viewer.ts";

export const namespace = "work";
export const userId = "local";

/** A granted claim, as the observer sees it. Times are the database's, in milliseconds. */
export interface Grant {
  readonly key: string;
  readonly token: string;
  readonly attempt: number;
  readonly worker: string;
  readonly from: number;
  /** No other worker held the entry before this time. */
  until: number;
  end: "leased" | "released" | "completed" | "abandoned";
}

export interface Options {
  readonly instances: readonly Instance[];
  /** Ends the lease of a token immediately. Without this function, leases end by themselves. */
  readonly endLease: ((token: string) => Promise<void>) | null;
  readonly workers: number;
  /** The probability that a worker dies at each place where it can. */
  readonly mortality: number;
}

const dying = ["after the claim", "before completing", "while completing"] as const;
const leaseMs = 1_000;

const viewerOf = (agent: string | null) => viewerWith(userId, agent);

/** Workers that claim tasks until all are completed. Some of them die, and new ones take their place. */
export class Workforce {
  readonly grants: Grant[] = [];
  /** The error codes of late completions by dead workers, after another worker had claimed the task. */
  readonly late: string[] = [];
  readonly deaths: Record<string, number> = {};
  readonly #options: Options;
  readonly #abandoned = new Map<string, Grant>();
  readonly #unheard: Promise<string>[] = [];
  #names = 0;
  #open: number;

  constructor(tasks: number, options: Options) {
    this.#open = tasks;
    this.#options = options;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#post()));
    await Promise.all(this.#unheard);
  }

  /** Runs one worker after the other. */
  async #post(): Promise<void> {
    while (this.#open > 0) {
      const name = `worker-${++this.#names}`;
      try {
        while (this.#open > 0) await this.#work(name);
      } catch (death) {
        if (typeof death !== "string") throw death;
        this.deaths[death] = (this.deaths[death] ?? 0) + 1;
      }
    }
  }

  #instance(): Instance {
    return anyOf(this.#options.instances);
  }

  #mayDie(place: (typeof dying)[number]): void {
    if (Math.random() < this.#options.mortality) throw place;
  }

  async #work(worker: string): Promise<void> {
    const grant = await this.#claim(worker);
    // The remaining tasks are leased: they are free when their leases have ended.
    if (!grant) return void (await new Promise((resolve) => setTimeout(resolve, 20)));
    try {
      this.#mayDie("after the claim");
      if (Math.random() < 0.1) await this.#renew(grant);
      if (Math.random() < 0.05) return await this.#release(grant);
      this.#mayDie("before completing");
    } catch (death) {
      await this.#abandon(grant);
      throw death;
    }
    const completed = this.#complete(grant);
    // The completion is sent, and may be applied or not: its sender has died and does not see the response.
    this.#unheard.push(completed);
    this.#mayDie("while completing");
    await completed;
  }

  async #claim(worker: string): Promise<Grant | null> {
    const asked = { namespace, keyPrefix: "task", leaseSeconds: leaseMs / 1_000 };
    const { entry, claim } = await this.#instance().writer.claimEntry(viewerOf(worker), asked);
    if (!entry || !claim) return null;
    const until = claim.expiresAt.getTime();
    const { token, attempt } = claim;
    const grant: Grant = {
      key: entry.key,
      token,
      attempt,
      worker,
      from: until - leaseMs,
      until,
      end: "leased",
    };
    this.grants.push(grant);
    const before = this.#abandoned.get(entry.key);
    if (before) {
      this.#abandoned.delete(entry.key);
      // The worker was only slow: it returns and finds that another worker holds the task.
      this.late.push(await this.#complete(before));
    }
    return grant;
  }

  async #renew(grant: Grant): Promise<void> {
    const { key, token } = grant;
    try {
      const { claim } = await this.#instance().writer.renewClaim(viewerOf(grant.worker), {
        namespace,
        key,
        token,
        leaseSeconds: leaseMs / 1_000,
      });
      grant.until = claim.expiresAt.getTime();
    } catch (error) {
      codeOf(error, "CLAIM_LOST");
    }
  }

  async #release(grant: Grant): Promise<void> {
    const { key, token } = grant;
    const sentAt = Date.now();
    try {
      await this.#instance().writer.releaseClaim(viewerOf(grant.worker), { namespace, key, token });
      grant.until = sentAt;
      grant.end = "released";
    } catch (error) {
      codeOf(error, "CLAIM_LOST");
    }
  }

  /** Returns the error code of the response. */
  async #complete(grant: Grant): Promise<string> {
    const { key, token, attempt, worker } = grant;
    try {
      await this.#instance().writer.completeClaim(viewerOf(worker), {
        namespace,
        key,
        token,
        value: jsonTextOf({ by: worker, attempt }),
        operations: [
          { increment: { namespace, key: "count", by: 1 } },
          { append: { namespace, key: "results", value: jsonTextOf(key) } },
        ],
      });
      grant.end = "completed";
      this.#open--;
      return "completed";
    } catch (error) {
      return codeOf(error, "CLAIM_LOST");
    }
  }

  async #abandon(grant: Grant): Promise<void> {
    grant.end = "abandoned";
    this.#abandoned.set(grant.key, grant);
    const { endLease } = this.#options;
    if (!endLease || Math.random() < 0.5) return;
    grant.until = Date.now();
    await endLease(grant.token);
  }
}

function codeOf(error: unknown, expected: string): string {
  if (error instanceof BatonError && error.code === expected) return error.code;
  throw error;
}

function anyOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}
