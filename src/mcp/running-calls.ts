/**
 * The running calls of the 2025 versions of the protocol, in which a caller cancels a call with a message in another
 * request. In the stateless protocol, it closes the request of the call.
 */
export class RunningCalls {
  readonly #cancels = new Map<string, AbortController>();

  /** @returns the signal that aborts when the call is cancelled or `closed` aborts. The call is then removed. */
  begin(caller: string, requestId: unknown, closed: AbortSignal): AbortSignal {
    const key = keyOf(caller, requestId);
    const cancel = new AbortController();
    this.#cancels.set(key, cancel);
    closed.addEventListener(
      "abort",
      () => {
        if (this.#cancels.get(key) === cancel) this.#cancels.delete(key);
        cancel.abort();
      },
      { once: true },
    );
    return cancel.signal;
  }

  cancel(caller: string, requestId: unknown): void {
    this.#cancels.get(keyOf(caller, requestId))?.abort();
  }
}

function keyOf(caller: string, requestId: unknown): string {
  return `${caller}\n${JSON.stringify(requestId)}`;
}
