/** What ends with an error when its session does. */
export interface Endable {
  fail(reason: unknown): void;
}

/** One listener for each signal, however many subscriptions a session has. */
const endables = new WeakMap<AbortSignal, Set<Endable>>();

/** Fails the subscription with the signal's reason when the session ends, or immediately when it has ended. */
export function failWhenEnded(ended: AbortSignal, endable: Endable): void {
  if (ended.aborted) return endable.fail(ended.reason);
  let waiting = endables.get(ended);
  if (!waiting) {
    const all = new Set<Endable>();
    endables.set(ended, all);
    ended.addEventListener(
      "abort",
      () => {
        for (const each of all) each.fail(ended.reason);
      },
      { once: true },
    );
    waiting = all;
  }
  waiting.add(endable);
}

/** For a subscription that is over before its session. */
export function forgetEnding(ended: AbortSignal, endable: Endable): void {
  endables.get(ended)?.delete(endable);
}
