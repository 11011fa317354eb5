/** The size of most blocks of a large body. The first ones are smaller. */
const longestBlock = 64 * 1024;
const shortestBlock = 4 * 1024;
const none = Buffer.alloc(0);

/**
 * Bytes that arrive in chunks of any size. They are copied into blocks, because a buffer for each chunk of one byte would
 * use hundreds of times the memory of the bytes.
 */
export class ReceivedBytes {
  #length = 0;
  /** Most bodies are one chunk, which is not copied. */
  #only: Buffer | null = null;
  readonly #full: Buffer[] = [];
  #block: Buffer = none;
  #used = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    if (this.#length === 0) this.#only = chunk;
    else {
      if (this.#only) this.#copy(this.#only);
      this.#only = null;
      this.#copy(chunk);
    }
    this.#length += chunk.length;
  }

  clear(): void {
    this.take();
  }

  /** Removes the bytes, and returns them as blocks. */
  take(): Buffer[] {
    const blocks = this.#only ? [this.#only] : this.#full.splice(0);
    if (this.#used > 0) blocks.push(this.#block.subarray(0, this.#used));
    this.#only = null;
    this.#block = none;
    this.#used = 0;
    this.#length = 0;
    return blocks;
  }

  #copy(chunk: Buffer): void {
    for (let begin = 0; begin < chunk.length;) {
      if (this.#used === this.#block.length) this.#beginBlock();
      const copied = chunk.copy(this.#block, this.#used, begin);
      this.#used += copied;
      begin += copied;
    }
  }

  #beginBlock(): void {
    if (this.#used > 0) this.#full.push(this.#block);
    // Never more than the bytes that have arrived, except for the first.
    const size = Math.min(longestBlock, Math.max(shortestBlock, this.#length));
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#used = 0;
  }
}
