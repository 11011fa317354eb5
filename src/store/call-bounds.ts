import { BatonError, limitExceeded } from "../errors.ts";
import { TokenBuckets } from "./token-buckets.ts";
import type { Viewer } from "./model/viewer.ts";

/** What is counted per second: operations by kind, and bytes of requests and responses. */
type Rated = "Reads" | "Writes" | "Bytes";
/** What is counted while it is open. */
type Lasting = "Sockets" | "Subscriptions" | "Waits";
type Holder = "User" | "Token";

/** The options of the bounds, each per second or at the same time; 0: no bound. */
export type CallBoundsOptions = {
  readonly [Name in `max${Holder}${Rated}PerSecond` | `max${Holder}${Lasting}`]: number;
};

const holders = ["User", "Token"] as const;

/** Limits what one user, and one token, can use per second and at the same time. Costs nothing if no bound is set. */
export class CallBounds {
  readonly #options: CallBoundsOptions;
  readonly #isRated: boolean;
  readonly #buckets = new Map<string, TokenBuckets>();
  readonly #counts = new Map<string, number>();

  constructor(options: CallBoundsOptions) {
    this.#options = options;
    for (const holder of holders) {
      for (const rated of ["Reads", "Writes", "Bytes"] as const) {
        const perSecond = options[`max${holder}${rated}PerSecond`];
        if (perSecond > 0) this.#buckets.set(`${holder}${rated}`, new TokenBuckets(perSecond));
      }
    }
    this.#isRated = this.#buckets.size > 0;
  }

  /**
   * Admits an operation.
   * @param operations the number to count: an operation of ten fields counts as ten
   * @param bytes of the request
   * @throws RATE_LIMITED with `retryAfterMs`; then nothing is counted
   */
  admit(viewer: Viewer, kind: "Reads" | "Writes", operations: number, bytes: number): void {
    if (!this.#isRated) return;
    const now = performance.now();
    const costs = [
      [kind, operations],
      ["Bytes", bytes],
    ] as const;
    for (const [rated] of costs) {
      for (const holder of holders) {
        const waitMs = this.#buckets.get(`${holder}${rated}`)?.waitMs(keyOf(viewer, holder), now);
        if (waitMs) throw this.#tooFast(holder, rated, Math.ceil(waitMs));
      }
    }
    for (const [rated, cost] of costs) this.#spend(viewer, rated, cost, now);
  }

  /** Counts the bytes of a response. If they exceed the bound, later operations are refused for a while. */
  answered(viewer: Viewer, bytes: number): void {
    if (this.#isRated) this.#spend(viewer, "Bytes", bytes, performance.now());
  }

  /**
   * Counts one use until the returned function is called. Calling it more than once has no further effect.
   * @throws LIMIT_EXCEEDED
   */
  enter(viewer: Viewer, what: Lasting): () => void {
    const entered: string[] = [];
    for (const holder of holders) {
      const limit = `max${holder}${what}` as const;
      const max = this.#options[limit];
      if (max === 0) continue;
      const key = `${limit}\n${keyOf(viewer, holder)}`;
      const count = this.#counts.get(key) ?? 0;
      if (count >= max) {
        this.#leave(entered);
        throw limitExceeded(
          limit,
          max,
          `One ${holder.toLowerCase()} can have at most ${max} ${what.toLowerCase()} at the same time. End one of them first.`,
        );
      }
      this.#counts.set(key, count + 1);
      entered.push(key);
    }
    return () => this.#leave(entered.splice(0));
  }

  #leave(keys: readonly string[]): void {
    for (const key of keys) {
      const count = (this.#counts.get(key) ?? 1) - 1;
      if (count === 0) this.#counts.delete(key);
      else this.#counts.set(key, count);
    }
  }

  #spend(viewer: Viewer, rated: Rated, cost: number, now: number): void {
    for (const holder of holders) {
      this.#buckets.get(`${holder}${rated}`)?.spend(keyOf(viewer, holder), cost, now);
    }
  }

  #tooFast(holder: Holder, rated: Rated, retryAfterMs: number): BatonError {
    const limit = `max${holder}${rated}PerSecond` as const;
    const max = this.#options[limit];
    return new BatonError(
      "RATE_LIMITED",
      `One ${holder.toLowerCase()} can have at most ${max} ${rated.toLowerCase()} per second. Try again in ${retryAfterMs} ms.`,
      { limit, max, retryAfterMs },
    );
  }
}

function keyOf({ userId, tokenId }: Viewer, holder: Holder): string {
  return holder === "User" ? userId : tokenId;
}
