// A table on a terminal, which replaces its previous version.
import type { Status } from "./status.ts";

const barLength = 24;

export class Table {
  readonly #title: string;
  #drawn = 0;

  constructor(title: string) {
    this.#title = title;
  }

  show(agents: ReadonlyMap<string, Status & { isDead: boolean }>): void {
    const rows = [...agents].map(([name, { phase, step, steps, isDead }]) => {
      const done = Math.round((barLength * step) / steps);
      const bar = "█".repeat(done) + "░".repeat(barLength - done);
      const what = isDead ? `silent since ${phase}` : phase;
      return `${name.padEnd(16)} ${bar} ${String(step).padStart(4)} of ${steps}  ${what}`;
    });
    const lines = [`${this.#title}, ${new Date().toLocaleTimeString()}`, ...rows];
    // Moves up to its first line and erases everything below. Long lines are cut, so that each stays one line.
    const erase = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\x1b[0J`;
    const columns = process.stdout.columns || 80;
    process.stdout.write(
      `${erase}${lines.map((line) => `${line.slice(0, columns - 1)}\n`).join("")}`,
    );
    this.#drawn = lines.length;
  }

  /** Later output is written below the table. */
  end(): void {
    this.#drawn = 0;
  }
}
