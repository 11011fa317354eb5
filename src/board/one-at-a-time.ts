/**
 * Makes of some work a function that asks for it. One run is under way at a time; what is asked for while it runs comes to one
 * more run after it. The pause between two is at least `minPauseMs`, and three times as long as the last run took.
 */
export function oneAtATime(work: () => Promise<unknown>, minPauseMs = 0) {
  let isRunning = false;
  let isAsked = false;
  let isOver = false;
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      while (isAsked && !isOver) {
        isAsked = false;
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
    ask(): void {
      isAsked = true;
      void run();
    },
    end(): void {
      isOver = true;
    },
  };
}
