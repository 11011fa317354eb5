import { isLoopHeld, nextTurn, tokenChecks } from "../event-loop.ts";
import type { TokenTable } from "../store/contract.ts";
import { CachedToken } from "./cached-token.ts";
import { SharedRuns } from "./shared-runs.ts";

/** With more tokens than this, the least recently used one is removed, and read again at its next use. */
const maxTokens = 10_000;
/** How many tokens one statement reads. */
const tokensPerRead = 500;
/** The longest time between two checks of the table, if the database does not notify of changes. */
const maxAgeMs = 1_000;

/**
 * A cache of tokens by the hash of their secret, so that an operation needs no statement.
 *
 * 1. The table has a version, which changes with each token that is created or revoked. `check` reads it.
 * 2. When the version changes, a new generation begins. A token of an earlier generation is read again before its next
 *    use; a token with followers is read again immediately.
 * 3. A use waits for a check if the table has notified of a change since the last check began, or if that was more than
 *    `maxAgeMs` ago.
 *
 * So a revoked token is refused immediately if the database notifies, and otherwise within `maxAgeMs`.
 */
export class TokenCache {
  readonly #table: TokenTable;
  /** The least recently used token is the first. */
  readonly #tokens = new Map<string, CachedToken>();
  /** The reads in progress, by generation and hash: a read of an earlier generation can have missed the change. */
  readonly #reads = new Map<string, Promise<CachedToken | null>>();
  #generation = 0;
  #version: string | null = null;
  /** When the last completed check began. */
  #checkedAt = 0;
  /** The number of notifications: so far, when the running check began, and when the last completed check began. */
  #told = 0;
  #toldAtBegin = 0;
  #toldAtCheck = 0;
  /**
   * Whether the event loop has turned since the last check for changes. All operations of one turn arrived before it
   * began, so one check is enough for them.
   */
  #mayHaveChanged = true;
  readonly #nextTurn = () => {
    this.#mayHaveChanged = true;
  };
  readonly #checks = new SharedRuns(() => this.#compare());
  readonly #refreshes = new SharedRuns(() => this.#refreshFollowed());

  constructor(table: TokenTable) {
    this.#table = table;
    table.watch(() => {
      this.#told++;
      // If it fails, the next use and the next check try again.
      this.check().catch(() => {});
    });
  }

  /** Returns a token, without a promise if it is cached; null if no token has this hash. */
  find(hash: string): CachedToken | null | Promise<CachedToken | null> {
    if (this.#mayHaveChanged) {
      this.#mayHaveChanged = false;
      setImmediate(this.#nextTurn);
      this.#table.noticeChanges();
    }
    // The absolute value: the clock can be set back.
    const ageMs = Math.abs(Date.now() - this.#checkedAt);
    if (this.#told !== this.#toldAtCheck || ageMs > maxAgeMs) {
      return this.#checkVersion().then(() => {
        // Thousands of other tokens can end, and this use does not wait for them. If it fails, the next check tries again.
        this.#refreshes.next().catch(() => {});
        return this.#lookUp(hash);
      });
    }
    return this.#lookUp(hash);
  }

  /**
   * Checks whether the table has changed, and ends the sessions of revoked and expired tokens. Call it more often than
   * every `maxAgeMs`.
   */
  async check(): Promise<void> {
    await this.#checkVersion();
    await this.#refreshes.next();
  }

  #checkVersion(): Promise<void> {
    return this.#told === this.#toldAtBegin ? this.#checks.current() : this.#checks.next();
  }

  async #compare(): Promise<void> {
    const begin = Date.now();
    const told = this.#told;
    this.#toldAtBegin = told;
    const version = await this.#table.version();
    if (version !== this.#version) this.#generation++;
    this.#version = version;
    this.#checkedAt = begin;
    this.#toldAtCheck = told;
  }

  /** Reads the tokens with followers of earlier generations again, and ends the expired ones. Thousands end in turns. */
  async #refreshFollowed(): Promise<void> {
    const generation = this.#generation;
    const now = new Date();
    const outdated: CachedToken[] = [];
    // A copy, because each use moves its token to the end of the map.
    const followed = [...this.#tokens.values()].filter(({ hasFollowers }) => hasFollowers);
    for (const token of followed) {
      if (isLoopHeld()) await nextTurn(tokenChecks);
      if (token.generation === generation) token.end(token.invalidReason(now));
      else outdated.push(token);
    }
    for (let start = 0; start < outdated.length; start += tokensPerRead) {
      const asked = outdated.slice(start, start + tokensPerRead);
      const rows = await this.#table.find(asked.map(({ tokenId }) => tokenId));
      const found = new Map(rows.map((row) => [row.tokenId, row]));
      for (const token of asked) {
        if (isLoopHeld()) await nextTurn(tokenChecks);
        token.update(found.get(token.tokenId) ?? null, generation);
      }
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
      // Keep tokens with followers: they must be notified when the token ends.
      if (token.isFollowed) continue;
      this.#tokens.delete(hash);
      return;
    }
  }
}
