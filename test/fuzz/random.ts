/** A sequence of random choices that depends only on a seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to 1, without 1 (mulberry32). */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `end`, without `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** True with this probability in percent. */
  percent(chance: number): boolean {
    return this.fraction() * 100 < chance;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(maxLength: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(maxLength) }, () => this.below(256)));
  }

  /** Returns a text with some of its characters removed, doubled or replaced. */
  garble(text: string): string {
    let garbled = text;
    for (let times = 1 + this.below(3); times > 0; times--) {
      const at = this.below(garbled.length + 1);
      const piece = this.pick([
        "",
        "{",
        "}",
        '"',
        "\\",
        "$",
        "(",
        ":",
        "[",
        "]",
        "\u0000",
        "é",
        "1e9",
        "...",
      ]);
      garbled = garbled.slice(0, at) + piece + garbled.slice(at + this.below(3));
    }
    return garbled;
  }
}
