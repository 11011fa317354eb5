const drawIntervalMs = 100;
const barWidth = 24;

/**
 * Shows the progress of a command in the last line of a terminal. Writes nothing if standard error is not a terminal.
 */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /**
   * Draws the bar, at most once every 100 ms until it is full.
   * @param activity such as "Importing"
   */
  show(activity: string, done: number, total: number): void {
    if (!this.#stream.isTTY) return;
    const nowMs = performance.now();
    if (nowMs - this.#drawnAtMs < drawIntervalMs && done < total) return;
    this.#drawnAtMs = nowMs;
    // Other clients can write during an export, so `done` can exceed the counted total.
    const part = total > 0 ? Math.min(1, done / total) : 1;
    const filled = Math.round(part * barWidth);
    const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
    const percent = String(Math.floor(part * 100)).padStart(3);
    this.#stream.write(`\r${activity}  ${bar} ${percent} %\x1b[K`);
  }

  /** Removes the bar from the terminal. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }
}
