import { BatonError, limitExceeded } from "../errors.ts";
import { TokenBuckets } from "./token-buckets.ts";
import type { Viewer } from "./model/viewer.ts";

/** What is counted over time: operations by kind, and bytes of requests and answers. */
type Rated = "Reads" | "Writes" | "Bytes";
/** What is counted while it lasts. */
type Lasting = "Sockets" | "Subscriptions" | "Waits";
type Holder = "User" | "Token";

/** The options of the bounds, each per second or at a time; 0: without a bound. */
export type CallBoundsOptions = {
  readonly [Name in `max${Holder}${Rated}PerSecond` | `max${Holder}${Lasting}`]: number;
};

const holders = ["User", "Token"] as const;

/** What one user, and one token, may ask for: how much in a second, and how much at a time. Free where nothing is bounded. */
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
   * @param operations how many it stands for: an operation of ten fields is ten
   * @param bytes of its request
   * @throws RATE_LIMITED with `retryAfterMs`, and then counts nothing
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

  /** Counts the bytes of an answer. If they are too many, a later operation waits. */
  answered(viewer: Viewer, bytes: number): void {
    if (this.#isRated) this.#spend(viewer, "Bytes", bytes, performance.now());
  }

  /**
   * Counts something until the function that it returns is called, once or several times.
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
          `One ${holder.toLowerCase()} may have ${max} ${what.toLowerCase()} at a time. End one of them first.`,
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
      `One ${holder.toLowerCase()} may have ${max} ${rated.toLowerCase()} in a second. Try again in ${retryAfterMs} ms.`,
      { limit, max, retryAfterMs },
    );
  }
}

function keyOf({ userId, tokenId }: Viewer, holder: Holder): string {
  return holder === "User" ? userId : tokenId;
}
