import { unlessAborted } from "./abort.ts";
import { badUserInput, BatonError, unavailable } from "./errors.ts";

type Token = string | (() => string | Promise<string>);

/** Who calls: a token, or what gives one, and a name. */
export class Credentials {
  readonly #token: Token | undefined;
  readonly #agent: string | undefined;

  /** @throws BAD_USER_INPUT when the name can't be one */
  constructor(token: Token | undefined, agent: string | undefined) {
    if (/\p{Cc}/u.test(agent ?? "")) {
      throw badUserInput("agent", "A name may not have control characters, such as line ends.");
    }
    this.#token = token;
    this.#agent = agent;
  }

  /** Whether another token may be had than one that was refused. */
  get isRenewable(): boolean {
    return typeof this.#token === "function";
  }

  /**
   * The headers that say who calls.
   * @throws UNAVAILABLE when what gives the token fails, BAD_USER_INPUT when that is none
   */
  async headers(signal: AbortSignal): Promise<Record<string, string>> {
    const given: unknown = await this.#currentToken(signal);
    if (given !== undefined && typeof given !== "string") {
      throw badUserInput("token", "What gives the token gave no string.");
    }
    const token = given?.trim();
    // Headers would say what is wrong with it, and all of it with that.
    if (token && !/^[!-~]+$/.test(token)) {
      throw badUserInput("token", "This is no token: it has spaces, or characters beyond ASCII.");
    }
    return {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(this.#agent ? { "baton-agent": asHeader(this.#agent) } : {}),
    };
  }

  async #currentToken(signal: AbortSignal): Promise<string | undefined> {
    const token = this.#token;
    if (typeof token !== "function") return token;
    try {
      return await unlessAborted(
        Promise.resolve().then(() => token()),
        signal,
      );
    } catch (error) {
      if (signal.aborted || error instanceof BatonError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw unavailable(`No token could be had: ${reason}.`, error);
    }
  }
}

/** A header is bytes to fetch: a name beyond ASCII goes as those of its UTF-8. */
function asHeader(name: string): string {
  return String.fromCharCode(...new TextEncoder().encode(name));
}
