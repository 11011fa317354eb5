import { getEventListeners, setMaxListeners } from "node:events";
import { unauthenticated } from "../errors.ts";
import type { Token } from "../store/model/token.ts";
import { reachOf, type Reach, type Viewer } from "../store/model/viewer.ts";
import { tokenFault } from "./token.ts";

/** A caller that showed a valid token. */
export interface Session {
  readonly viewer: Viewer;
  /** Aborts when the token is revoked or expires. Its reason is the error, `UNAUTHENTICATED`. */
  readonly ended: AbortSignal;
}

/** Agents of one token whose sessions are kept; a token that names no agent may be shared by more. */
const maxSessions = 100;

/** One token as it was read last, and what its sessions share. */
export class CachedToken {
  /** The state of the token table that it was read in. */
  generation: number;
  #token: Token;
  readonly #reach: Reach;
  #ended: AbortController | null = null;
  /** By the name that the caller gave, where it counts. */
  readonly #sessions = new Map<string | null, Session>();

  constructor(token: Token, generation: number) {
    this.#token = token;
    this.#reach = reachOf(token.grants);
    this.generation = generation;
  }

  get tokenId(): string {
    return this.#token.tokenId;
  }

  /** Whether someone asked to be told when the token ends, and it has not. */
  get hasFollowers(): boolean {
    return this.#ended !== null && !this.#ended.signal.aborted;
  }

  /** Whether it has ended once. A clock that is set back can make the token valid again: then it is read as another. */
  get isOver(): boolean {
    return this.#ended?.signal.aborted ?? false;
  }

  /** Whether one of those still listens. */
  get isFollowed(): boolean {
    return this.#ended !== null && getEventListeners(this.#ended.signal, "abort").length > 0;
  }

  /** Why the token is no longer valid; null while it is. */
  fault(now: Date): string | null {
    return tokenFault(this.#token, now);
  }

  /** Takes the token as it is now; null when the table no longer has it. Ends its sessions if it is not valid. */
  update(token: Token | null, generation: number): void {
    // Two reads may end in another order than they began.
    if (generation < this.generation) return;
    // Only its revocation and its removal can differ from what was read before.
    if (token) this.#token = token;
    this.generation = generation;
    this.end(token ? this.fault(new Date()) : unknownToken);
  }

  /** Ends its sessions if there is a fault. */
  end(fault: string | null): void {
    if (fault !== null) this.#ended?.abort(unauthenticated(fault));
  }

  /** @param agent checked by the caller, where the token names none */
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

  /** Whether the name needs no check: it was checked before, or it does not count beside the token's own. */
  accepts(agent: string): boolean {
    return this.#token.agent !== null || this.#sessions.has(agent);
  }

  /** Made when it is first asked for: most operations end long before their token. */
  #signal(): AbortSignal {
    if (!this.#ended) {
      this.#ended = new AbortController();
      setMaxListeners(0, this.#ended.signal);
    }
    return this.#ended.signal;
  }
}

/** What is said of a token that the table does not have. */
export const unknownToken = "This token is not known here.";
