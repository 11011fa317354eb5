/** Work that repeats until it is stopped. */
export interface Periodic {
  /** Resolves when the work under way has ended. */
  stop(): Promise<void>;
}

/** Does the work now and then again `intervalMs` after each time it ended. What it throws goes to `onError`, and it goes on. */
export function repeat(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Periodic {
  let stopped = false;
  let endPause = () => {};
  const run = async () => {
    while (!stopped) {
      await work().catch(onError);
      if (stopped) return;
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
    stop() {
      stopped = true;
      endPause();
      return running;
    },
  };
}
