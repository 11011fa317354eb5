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
   * Admits a request before it is read.
   * @param bytes its size, or the part of it that is known
   * @throws RATE_LIMITED with `retryAfterMs`; then nothing is counted
   */
  receive(viewer: Viewer, bytes: number): void {
    this.#admit(viewer, "Bytes", bytes);
  }

  /**
   * Admits a request that was read already, such as a message of a socket.
   * @throws RATE_LIMITED; its bytes are counted, and `retryAfterMs` includes them, so that a repetition is admitted then
   */
  admitReceived(viewer: Viewer, bytes: number): void {
    try {
      this.receive(viewer, bytes);
    } catch {
      this.count(viewer, bytes);
      this.receive(viewer, 0);
    }
  }

  /**
   * Admits an operation, after its request was received.
   * @param operations the number to count: an operation of ten fields counts as ten
   * @throws RATE_LIMITED with `retryAfterMs`; then only the bytes of its request are counted
   */
  admit(viewer: Viewer, kind: "Reads" | "Writes", operations: number): void {
    this.#admit(viewer, kind, operations);
  }

  /**
   * Counts an operation that is refused before `admit` as one read, because it was read and checked. A request that is
   * refused by a rate is not counted.
   * @param error the reason
   * @returns the error to report: the reason, or RATE_LIMITED if reads are exhausted
   */
  refuse(viewer: Viewer, error: unknown): unknown {
    if (error instanceof BatonError && error.code === "RATE_LIMITED") return error;
    try {
      this.#admit(viewer, "Reads", 1);
      return error;
    } catch (tooFast) {
      return tooFast;
    }
  }

  /**
   * Counts bytes of a response, or of a request whose size was not known. If they exceed the bound, later requests are
   * refused for a while.
   */
  count(viewer: Viewer, bytes: number): void {
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
          `One ${holder.toLowerCase()} can have at most ${counted(max, what)} at the same time. End one of them first.`,
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

  #admit(viewer: Viewer, rated: Rated, cost: number): void {
    if (!this.#isRated) return;
    const now = performance.now();
    for (const holder of holders) {
      const waitMs = this.#buckets.get(`${holder}${rated}`)?.waitMs(keyOf(viewer, holder), now);
      if (waitMs) throw this.#tooFast(holder, rated, Math.ceil(waitMs));
    }
    this.#spend(viewer, rated, cost, now);
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
      `One ${holder.toLowerCase()} can have at most ${counted(max, rated)} per second. Try again in ${retryAfterMs} ms.`,
      { limit, max, retryAfterMs },
    );
  }
}

/** Such as `10 writes` or `1 write`. */
function counted(count: number, what: Rated | Lasting): string {
  const plural = what.toLowerCase();
  return `${count} ${count === 1 ? plural.slice(0, -1) : plural}`;
}

function keyOf({ userId, tokenId }: Viewer, holder: Holder): string {
  return holder === "User" ? userId : tokenId;
}
