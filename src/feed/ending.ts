import { isLoopHeld, nextTurn } from "../event-loop.ts";

/**
 * A subscription, wait or stream, which fails when its session ends. A session can have thousands of them, so they fail in
 * turns. Until its own turn, each checks the signal before it delivers anything.
 */
export interface Endable {
  fail(reason: unknown): void;
}

interface Waiting {
  readonly endables: Set<Endable>;
  readonly listener: () => void;
}

/** One listener for each signal, regardless of the number of subscriptions. */
const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Fails the subscription with the signal's reason when the session ends, or immediately if it has ended.
 * @param userId the user of the session
 */
export function failWhenEnded(ended: AbortSignal, userId: string, endable: Endable): void {
  if (ended.aborted) return endable.fail(ended.reason);
  const known = waitingFor.get(ended);
  if (known) {
    known.endables.add(endable);
    return;
  }
  const endables = new Set([endable]);
  const listener = () => void failInTurns(endables, userId, ended.reason);
  waitingFor.set(ended, { endables, listener });
  ended.addEventListener("abort", listener, { once: true });
}

/** Stops listening, for a subscription that ends before its session. */
export function forgetEnding(ended: AbortSignal, endable: Endable): void {
  const waiting = waitingFor.get(ended);
  if (!waiting?.endables.delete(endable) || waiting.endables.size > 0) return;
  ended.removeEventListener("abort", waiting.listener);
  waitingFor.delete(ended);
}

async function failInTurns(endables: Iterable<Endable>, userId: string, reason: unknown) {
  for (const each of endables) {
    if (isLoopHeld()) await nextTurn(userId);
    each.fail(reason);
    // The work of its end counts before the next one ends.
    await Promise.resolve();
  }
}
