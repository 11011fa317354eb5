import type { Change } from "../store/model/change.ts";
import { bytesPerChange } from "./log-sizes.ts";

/**
 * Counts how much this process adds to the logs, so that retention by size follows many large writes within a second,
 * and not within a minute.
 */
export class LogGrowth {
  readonly #maxBytes: number;
  readonly #onGrown: () => void;
  #bytes = 0;

  /** @param onGrown is called each time that the logs have grown by `maxBytes` together */
  constructor(maxBytes: number, onGrown: () => void) {
    this.#maxBytes = maxBytes;
    this.#onGrown = onGrown;
  }

  add(changes: readonly Change[]): void {
    for (const { entry } of changes) this.#bytes += bytesPerChange + (entry?.sizeBytes ?? 0);
    if (this.#bytes < this.#maxBytes) return;
    this.#bytes = 0;
    this.#onGrown();
  }
}
