/** Work that is repeated until it is stopped. */
export interface Periodic {
  /** Does the work now, or once more after the current work. */
  hurry(): void;
  /** Stops, and resolves when the current work has ended. */
  stop(): Promise<void>;
}

/** Receives the state of the work: once when it starts to fail, and once when it succeeds again. */
export interface Listener {
  failed(error: unknown): void;
  recovered(): void;
}

/** Returns work that notifies the listener when it starts to fail, and when it succeeds again. */
export function notifying<T>(listener: Listener, work: () => Promise<T>): () => Promise<T> {
  let isFailing = false;
  return async () => {
    try {
      const result = await work();
      if (isFailing) listener.recovered();
      isFailing = false;
      return result;
    } catch (error) {
      if (!isFailing) listener.failed(error);
      isFailing = true;
      throw error;
    }
  };
}

/** Does the work immediately, and again `intervalMs` after each time it has ended, with or without an error. */
export function repeat(
  intervalMs: number,
  work: () => Promise<unknown>,
  listener: Listener,
): Periodic {
  let stopped = false;
  let isDue = false;
  const attempt = notifying(listener, work);
  let endPause = () => {};
  const run = async () => {
    while (!stopped) {
      isDue = false;
      await attempt().catch(() => {});
      if (stopped) return;
      if (isDue) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, intervalMs);
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    hurry() {
      isDue = true;
      endPause();
    },
    stop() {
      stopped = true;
      endPause();
      return running;
    },
  };
}
