import type { TokenTable } from "../store/contract.ts";
import { CachedToken } from "./cached-token.ts";

/** Beyond so many, the token that was not used for the longest is read again at its next use. */
const maxTokens = 10_000;
/** How many tokens one statement reads. */
const tokensPerRead = 500;
/** How old what is known of the table may be, where nobody tells of changes. */
const maxAgeMs = 1_000;

/**
 * Tokens by the hash of their secret, so that an operation needs no statement.
 *
 * 1. The table has a version, which changes with each token that is made or revoked. `check` asks for it.
 * 2. When it has changed, a new generation begins. A token of an earlier one is read again before its next use; one
 *    that has followers is read again immediately.
 * 3. A use waits for a check if the table told of a change since the last one began, or that was too long ago.
 *
 * So a revoked token is refused immediately where the table tells of it, and after `maxAgeMs` everywhere.
 */
export class TokenCache {
  readonly #table: TokenTable;
  /** The least recently used first. */
  readonly #tokens = new Map<string, CachedToken>();
  /** Those being read, by generation and hash: a read of an earlier generation may not have seen the change. */
  readonly #reads = new Map<string, Promise<CachedToken | null>>();
  #generation = 0;
  #version: string | null = null;
  /** When the last check began that was answered. */
  #checkedAt = 0;
  /** How often the table told of a change: so far, before the running check began, and before the last one answered. */
  #told = 0;
  #toldAtBegin = 0;
  #toldAtCheck = 0;
  /**
   * Whether the event loop has turned since changes were looked for. What is taken up within one turn had arrived before
   * it began, so one look does for all of that.
   */
  #mayHaveChanged = true;
  readonly #nextTurn = () => {
    this.#mayHaveChanged = true;
  };
  #running: Promise<void> | null = null;
  /** The check after the one that is running. */
  #next: Promise<void> | null = null;

  constructor(table: TokenTable) {
    this.#table = table;
    table.watch(() => {
      this.#told++;
      // Where this fails, the next use and the next check try again.
      this.check().catch(() => {});
    });
  }

  /** The token, without a promise where it is known; null when there is none with this hash. */
  find(hash: string): CachedToken | null | Promise<CachedToken | null> {
    if (this.#mayHaveChanged) {
      this.#mayHaveChanged = false;
      setImmediate(this.#nextTurn);
      this.#table.noticeChanges();
    }
    // Whichever way the clock was set.
    const ageMs = Math.abs(Date.now() - this.#checkedAt);
    if (this.#told !== this.#toldAtCheck || ageMs > maxAgeMs) {
      return this.check().then(() => this.#lookUp(hash));
    }
    return this.#lookUp(hash);
  }

  /**
   * Looks whether the table has changed, and ends the sessions of tokens that were revoked or have expired. To be called
   * more often than once in `maxAgeMs`.
   */
  check(): Promise<void> {
    if (!this.#running) return this.#begin();
    if (this.#told === this.#toldAtBegin) return this.#running;
    const begin = () => this.#begin();
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = null;
    this.#toldAtBegin = this.#told;
    this.#running = this.#compare(this.#told).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #compare(told: number): Promise<void> {
    const begin = Date.now();
    const version = await this.#table.version();
    if (version !== this.#version) this.#generation++;
    this.#version = version;
    this.#checkedAt = begin;
    this.#toldAtCheck = told;
    await this.#refreshFollowed();
  }

  /** Of the tokens that have followers: reads those of earlier generations again, and ends what has expired. */
  async #refreshFollowed(): Promise<void> {
    const generation = this.#generation;
    const now = new Date();
    const outdated: CachedToken[] = [];
    for (const token of this.#tokens.values()) {
      if (!token.hasFollowers) continue;
      if (token.generation === generation) token.end(token.fault(now));
      else outdated.push(token);
    }
    for (let start = 0; start < outdated.length; start += tokensPerRead) {
      const asked = outdated.slice(start, start + tokensPerRead);
      const rows = await this.#table.find(asked.map(({ tokenId }) => tokenId));
      const found = new Map(rows.map((row) => [row.tokenId, row]));
      for (const token of asked) token.update(found.get(token.tokenId) ?? null, generation);
    }
  }

  #lookUp(hash: string): CachedToken | null | Promise<CachedToken | null> {
    const known = this.#tokens.get(hash);
    if (known?.generation !== this.#generation || known.isOver) return this.#read(hash);
    this.#tokens.delete(hash);
    this.#tokens.set(hash, known);
    return known;
  }

  #read(hash: string): Promise<CachedToken | null> {
    const generation = this.#generation;
    const key = `${generation} ${hash}`;
    const reading = this.#reads.get(key);
    if (reading) return reading;
    const read = this.#table
      .findByHash(hash)
      .then((token) => {
        const known = this.#tokens.get(hash);
        known?.update(token, generation);
        this.#tokens.delete(hash);
        if (!token) return null;
        const cached = known && !known.isOver ? known : new CachedToken(token, generation);
        this.#tokens.set(hash, cached);
        this.#evict();
        return cached;
      })
      .finally(() => this.#reads.delete(key));
    this.#reads.set(key, read);
    return read;
  }

  #evict(): void {
    if (this.#tokens.size <= maxTokens) return;
    for (const [hash, token] of this.#tokens) {
      // Those who follow it would not hear of its end.
      if (token.isFollowed) continue;
      this.#tokens.delete(hash);
      return;
    }
  }
}
