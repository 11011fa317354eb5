/**
 * The calls of the 2025 versions of the protocol that are being answered: their callers cancel one with a message, which
 * comes as a request of its own. Callers of the stateless protocol close the call's own request.
 */
export class RunningCalls {
  readonly #cancels = new Map<string, AbortController>();

  /** @returns the signal that aborts when the call is cancelled, or `closed` does. The call is forgotten then. */
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
