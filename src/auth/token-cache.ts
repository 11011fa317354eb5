import type { TokenTable } from "../store/contract.ts";
import { CachedToken } from "./cached-token.ts";

/** Beyond so many, the token that was not used for the longest is read again at its next use. */
const maxTokens = 10_000;
/** How many tokens one statement reads. */
const tokensPerRead = 500;
/** How old what is known of a token may be, when the database does not tell of changes. */
const maxAgeMs = 1_000;

/**
 * Tokens by the hash of their secret, so that an operation needs no statement. A revoked token is refused:
 *
 * 1. immediately, where this process revoked it or the database tells of it (`watch`, `noticeChanges`);
 * 2. after `maxAgeMs` at most, by `check`, which compares the version of the table.
 *
 * Either makes each token that was read before stale: it is read again before its next use. Tokens that
 * have followers are read again then.
 */
export class TokenCache {
  readonly #table: TokenTable;
  /** The least recently used first. */
  readonly #tokens = new Map<string, CachedToken>();
  /** Those being read. */
  readonly #reads = new Map<string, Promise<CachedToken | null>>();
  /** A token that was read in an earlier generation is stale. */
  #generation = 0;
  #version: string | null = null;
  /** When the version was last asked for, and answered. */
  #checkedAt = 0;
  #check: Promise<void> | null = null;

  constructor(table: TokenTable) {
    this.#table = table;
    table.watch(() => {
      this.#generation++;
      // What fails here is done by the next check.
      this.#refresh().catch(() => {});
    });
  }

  /** The token, without a statement where it is known; null when there is none with this hash. */
  find(hash: string): CachedToken | null | Promise<CachedToken | null> {
    this.#table.noticeChanges();
    const known = this.#tokens.get(hash);
    if (!known) return this.#read(hash);
    this.#tokens.delete(hash);
    this.#tokens.set(hash, known);
    if (Date.now() - this.#checkedAt > maxAgeMs) return this.check().then(() => this.#fresh(hash));
    return known.generation === this.#generation ? known : this.#read(hash);
  }

  /**
   * Looks whether the table has changed, and ends the sessions of tokens that were revoked or have expired. To be called
   * more often than once in `maxAgeMs`.
   */
  check(): Promise<void> {
    this.#check ??= this.#compare().finally(() => {
      this.#check = null;
    });
    return this.#check;
  }

  async #compare(): Promise<void> {
    const begin = Date.now();
    const version = await this.#table.version();
    if (version !== this.#version) this.#generation++;
    this.#version = version;
    this.#checkedAt = begin;
    await this.#refresh();
  }

  /** Of the tokens that have followers: reads the stale ones again, and ends what has expired. */
  async #refresh(): Promise<void> {
    const now = new Date();
    const stale: CachedToken[] = [];
    for (const token of this.#tokens.values()) {
      if (!token.hasFollowers) continue;
      if (token.generation !== this.#generation) stale.push(token);
      else token.end(token.fault(now));
    }
    for (let start = 0; start < stale.length; start += tokensPerRead) {
      const asked = stale.slice(start, start + tokensPerRead);
      const generation = this.#generation;
      const rows = await this.#table.find(asked.map(({ tokenId }) => tokenId));
      const found = new Map(rows.map((row) => [row.tokenId, row]));
      for (const token of asked) {
        token.update(found.get(token.tokenId) ?? null, generation, new Date());
      }
    }
  }

  #fresh(hash: string): CachedToken | null | Promise<CachedToken | null> {
    const known = this.#tokens.get(hash);
    return known?.generation === this.#generation ? known : this.#read(hash);
  }

  #read(hash: string): Promise<CachedToken | null> {
    const generation = this.#generation;
    // A read of an earlier generation may have seen the table before the change.
    const key = `${generation} ${hash}`;
    const under = this.#reads.get(key);
    if (under) return under;
    const read = this.#table
      .findByHash(hash)
      .then((token) => {
        const known = this.#tokens.get(hash);
        if (known) known.update(token, generation, new Date());
        if (!token) {
          this.#tokens.delete(hash);
          return null;
        }
        if (known) return known;
        const added = new CachedToken(token, generation);
        this.#tokens.set(hash, added);
        this.#evict();
        return added;
      })
      .finally(() => this.#reads.delete(key));
    this.#reads.set(key, read);
    return read;
  }

  #evict(): void {
    for (const [hash, token] of this.#tokens) {
      if (this.#tokens.size <= maxTokens) return;
      this.#tokens.delete(hash);
      // Those who listen would not hear of its end.
      if (token.isAwaited) this.#tokens.set(hash, token);
      else return;
    }
  }
}
