import { unlessAborted } from "./abort.ts";
import { badUserInput, BatonError, UnauthenticatedError, unavailable } from "./errors.ts";

type Token = string | (() => string | Promise<string>);

/** The caller's token, or the function that returns it, and agent name. */
export class Credentials {
  readonly #token: Token | undefined;
  readonly #agent: string | undefined;
  readonly #tokenName: string | undefined;

  /**
   * @param tokenName begins the message of a refused token, if the caller itself adds what to change
   * @throws BAD_USER_INPUT if the agent name is not valid
   */
  constructor(token: Token | undefined, agent: string | undefined, tokenName?: string) {
    if (/\p{Cc}/u.test(agent ?? "")) {
      throw badUserInput(
        "agent",
        "An agent name must not contain control characters, such as line breaks.",
      );
    }
    this.#token = token;
    this.#agent = agent;
    this.#tokenName = tokenName;
  }

  /** Whether a new token can be obtained after one is refused. */
  get isRenewable(): boolean {
    return typeof this.#token === "function";
  }

  /**
   * Returns the headers that identify the caller.
   * @throws UNAVAILABLE if the token function fails; BAD_USER_INPUT if the token is not valid
   */
  async headers(signal: AbortSignal): Promise<Record<string, string>> {
    const given: unknown = await this.#currentToken(signal);
    if (given !== undefined && typeof given !== "string") {
      throw badUserInput("token", "The token function must return a string.");
    }
    const token = given?.trim();
    // The error of `Headers` would quote the whole token.
    if (token && !/^[!-~]+$/.test(token)) {
      throw badUserInput("token", "Not a valid token: it contains spaces or non-ASCII characters.");
    }
    return {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(this.#agent ? { "baton-agent": asHeader(this.#agent) } : {}),
    };
  }

  /** Returns the server's error. If it refuses the token, the message names the server and says what to change. */
  explain(error: BatonError, server: string): BatonError {
    if (!(error instanceof UnauthenticatedError)) return error;
    const { code, message, details } = error;
    return new UnauthenticatedError(code, this.#explained(message, server), details);
  }

  #explained(message: string, server: string): string {
    if (message.startsWith("A token is needed")) {
      return this.isRenewable
        ? `${server} requires a token. The function \`token\` returned an empty text.`
        : `${server} requires a token. Pass it as \`token\`, or set BATON_TOKEN.`;
    }
    const reason = message.replace(/ here\.$/, ` by ${server}.`);
    return this.#tokenName === undefined
      ? `${reason} Pass a valid one as \`token\`, or set BATON_TOKEN.`
      : reason.replace(/^This token\b/, this.#tokenName);
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
      throw unavailable(`The token function failed: ${reason}.`, error);
    }
  }
}

/** `fetch` treats a header as bytes, so a non-ASCII name is sent as the bytes of its UTF-8 form. */
function asHeader(name: string): string {
  return String.fromCharCode(...new TextEncoder().encode(name));
}
