import { getEventListeners, setMaxListeners } from "node:events";
import { unauthenticated } from "../errors.ts";
import type { Token } from "../store/model/token.ts";
import { reachOf, type Reach, type Viewer } from "../store/model/viewer.ts";
import { invalidReason } from "./token.ts";

/** The session of a caller with a valid token. */
export interface Session {
  readonly viewer: Viewer;
  /** Aborts when the token is revoked or expires. The reason is the error, `UNAUTHENTICATED`. */
  readonly ended: AbortSignal;
}

/** The largest number of agents of one token whose sessions are cached. A token without an agent name can have more. */
const maxSessions = 100;

/** A token as it was last read, and the state that its sessions share. */
export class CachedToken {
  /** The generation of the token table in which it was read: see `TokenCache`. */
  generation: number;
  #token: Token;
  readonly #reach: Reach;
  #ended: AbortController | null = null;
  /** Sessions by the agent name of the caller; null if the token has one. */
  readonly #sessions = new Map<string | null, Session>();

  constructor(token: Token, generation: number) {
    this.#token = token;
    this.#reach = reachOf(token.grants);
    this.generation = generation;
  }

  get tokenId(): string {
    return this.#token.tokenId;
  }

  /** Whether a session requested the signal of the token's end, and the token has not ended. */
  get hasFollowers(): boolean {
    return this.#ended !== null && !this.#ended.signal.aborted;
  }

  /** Whether it has ended. If the clock is set back, the token can become valid again: then it is read as a new one. */
  get isOver(): boolean {
    return this.#ended?.signal.aborted ?? false;
  }

  /** Whether a listener of that signal is left. */
  get isFollowed(): boolean {
    return this.#ended !== null && getEventListeners(this.#ended.signal, "abort").length > 0;
  }

  /** Returns why the token is no longer valid; null if it is valid. */
  invalidReason(now: Date): string | null {
    return invalidReason(this.#token, now);
  }

  /** Updates the token; null if the table no longer has it. Ends its sessions if it is no longer valid. */
  update(token: Token | null, generation: number): void {
    // Two reads can end in a different order than they began.
    if (generation < this.generation) return;
    // Only a revocation or a removal can change a token.
    if (token) this.#token = token;
    this.generation = generation;
    this.end(token ? this.invalidReason(new Date()) : unknownToken);
  }

  /** Ends its sessions with this reason; null does nothing. */
  end(reason: string | null): void {
    if (reason !== null) this.#ended?.abort(unauthenticated(reason));
  }

  /** @param agent the agent name of the caller, already checked if the token has none */
  session(agent: string | undefined): Session {
    const name = this.#token.agent === null ? (agent ?? null) : null;
    const known = this.#sessions.get(name);
    if (known) return known;
    const { userId, tokenId, grants } = this.#token;
    const viewer: Viewer = {
      userId,
      agent: this.#token.agent ?? agent ?? null,
      tokenId,
      grants,
      reach: this.#reach,
    };
    const signal = () => this.#signal();
    const session: Session = {
      viewer,
      get ended() {
        return signal();
      },
    };
    if (this.#sessions.size < maxSessions) this.#sessions.set(name, session);
    return session;
  }

  /** Whether the agent name needs no check: it was checked before, or the token has one. */
  accepts(agent: string): boolean {
    return this.#token.agent !== null || this.#sessions.has(agent);
  }

  /** Creates the signal when it is first requested: most operations end long before their token. */
  #signal(): AbortSignal {
    if (!this.#ended) {
      this.#ended = new AbortController();
      setMaxListeners(0, this.#ended.signal);
    }
    return this.#ended.signal;
  }
}

/** The reason for a token that the table does not have. */
export const unknownToken = "This token is not known here.";
