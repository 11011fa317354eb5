/**
 * Returns a function that starts the work, with only one run in progress at a time. All calls during a run cause one
 * more run after it. The pause between two runs is at least `minPauseMs`, and at least three times the duration of the
 * last run.
 */
export function oneAtATime(work: () => Promise<unknown>, minPauseMs = 0) {
  let isRunning = false;
  let isRequested = false;
  let isOver = false;
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      while (isRequested && !isOver) {
        isRequested = false;
        const begin = performance.now();
        await work();
        const pauseMs = Math.max(minPauseMs, 3 * (performance.now() - begin));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      isRunning = false;
    }
  };
  return {
    request(): void {
      isRequested = true;
      void run();
    },
    end(): void {
      isOver = true;
    },
  };
}
