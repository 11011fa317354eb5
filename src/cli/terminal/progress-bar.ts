const drawIntervalMs = 100;
const barWidth = 24;

/** How far a command is, in the last line of a terminal. Nothing where standard error is none. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** @param what is done, such as "Importing" */
  show(what: string, done: number, total: number): void {
    if (!this.#stream.isTTY) return;
    const now = performance.now();
    if (now - this.#drawnAt < drawIntervalMs && done < total) return;
    this.#drawnAt = now;
    // Others write meanwhile: there may be more than there were.
    const part = total > 0 ? Math.min(1, done / total) : 1;
    const filled = Math.round(part * barWidth);
    const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
    const percent = String(Math.floor(part * 100)).padStart(3);
    this.#stream.write(`\r${what}  ${bar} ${percent} %\x1b[K`);
  }

  /** Takes it away. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }
}
