/** A successful check is valid for this long. */
const provenMs = 500;

/**
 * A check that costs the same for one caller and for many: callers at the same time share it, and so do those shortly
 * after it has succeeded. A failed check is repeated for the next caller, who then notices a recovery immediately.
 */
export class SharedCheck {
  readonly #check: () => Promise<void>;
  #running: Promise<void> | null = null;
  #provenAt = -Infinity;

  constructor(check: () => Promise<void>) {
    this.#check = check;
  }

  async run(): Promise<void> {
    if (performance.now() - this.#provenAt < provenMs) return;
    this.#running ??= this.#check().finally(() => (this.#running = null));
    await this.#running;
    this.#provenAt = performance.now();
  }
}
