import { setTimeout as pause } from "node:timers/promises";
import { certificateHint } from "../terminal/error-message.ts";
import { readBridgeMessage, standardHeaders, type BridgeMessage } from "./bridge-message.ts";
import { eventData } from "./event-data.ts";

export interface McpBridgeOptions {
  /** URL of the server, without a path. */
  readonly url: string;
  readonly token: string;
  /** The agent name that changes are recorded under. Default: the client's name. */
  readonly agent?: string | undefined;
  /** How long to retry while the server is unreachable, in milliseconds. */
  readonly retryForMs: number;
  /** Writes one message, which contains no line feed. */
  readonly write: (message: string) => Promise<void>;
}

/** Node's code for a response that is not TLS. */
const withoutTls = "ERR_SSL_WRONG_VERSION_NUMBER";
const retryPauseMs = 250;
const reopenPauseMs = 1_000;

/**
 * Connects a client that speaks MCP over standard input and output with the server's `/mcp`. It forwards each message
 * unchanged, in either version of the protocol, and does not interpret tools or resources.
 *
 * 1. A message becomes a POST. The response, one message or a stream of messages, is written.
 * 2. A client cancels a request with a message. The bridge then aborts the HTTP request.
 * 3. In the versions of 2025, the server creates a session when the client connects. A GET of the session opens the
 *    stream of change notifications. If the stream breaks, the bridge opens it again and repeats the subscriptions.
 */
export class McpBridge {
  readonly #options: McpBridgeOptions;
  readonly #requests = new Map<string | number, AbortController>();
  readonly #ended = new AbortController();
  /** The session of the versions of 2025. */
  #session: { readonly id: string; readonly version: string } | null = null;
  /** The subscribe messages by URI, to repeat after a reconnect. */
  readonly #subscribed = new Map<string, string>();

  constructor(options: McpBridgeOptions) {
    this.#options = options;
  }

  /** Processes a line of the client. Resolves when the response is written. */
  async take(line: string): Promise<void> {
    const message = readBridgeMessage(line);
    if (message === null) {
      return this.#writeError(null, -32_700, "A line is not a JSON-RPC message.");
    }
    if (message.method === "notifications/cancelled") {
      this.#requests.get(message.params.requestId as string | number)?.abort();
      return;
    }
    const abort = new AbortController();
    if (message.id !== undefined) this.#requests.set(message.id, abort);
    try {
      await this.#exchange(message, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted && message.id !== undefined) {
        await this.#writeError(message.id, -32_000, this.#why(error));
      }
    } finally {
      if (message.id !== undefined) this.#requests.delete(message.id);
    }
  }

  /** Aborts all requests in progress, because the client has disconnected. */
  end(): void {
    this.#ended.abort();
    for (const abort of this.#requests.values()) abort.abort();
  }

  async #exchange(message: BridgeMessage, signal: AbortSignal): Promise<void> {
    const response = await this.#post(message.text, standardHeaders(message), signal);
    const isAnswered = await this.#pass(message, response);
    if (message.id !== undefined && !isAnswered) {
      throw new Error("The server ended its response before it was complete.");
    }
    const { uri } = message.params;
    if (typeof uri === "string" && response.ok) {
      if (message.method === "resources/subscribe") this.#subscribed.set(uri, message.text);
      if (message.method === "resources/unsubscribe") this.#subscribed.delete(uri);
    }
    if (message.method === "notifications/initialized" && this.#session) void this.#follow();
  }

  /** @returns whether the body contained the response */
  async #pass(message: BridgeMessage, response: Response): Promise<boolean> {
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream") && response.body) {
      let isAnswered = false;
      for await (const data of eventData(response.body)) {
        isAnswered ||= this.#isAnswer(message, data, response);
        await this.#options.write(data);
      }
      return isAnswered;
    }
    const text = (await response.text()).trim();
    if (text === "" || message.id === undefined) return false;
    if (!response.ok || !this.#isAnswer(message, text, response)) {
      const { error } = (readJson(text) ?? {}) as { error?: { code: number; message: string } };
      const why = error?.message ?? `The server responded with status ${response.status}.`;
      const advised = response.status === 401 ? this.#aboutToken(why) : why;
      await this.#writeError(message.id, error?.code ?? -32_000, advised, error);
      return true;
    }
    await this.#options.write(text);
    return true;
  }

  #isAnswer(message: BridgeMessage, text: string, response: Response): boolean {
    const answer = readJson(text) as {
      id?: unknown;
      result?: { protocolVersion?: unknown };
    } | null;
    if (answer === null || answer.id !== message.id) return false;
    const id = response.headers.get("mcp-session-id");
    const version = answer.result?.protocolVersion;
    if (message.method === "initialize" && id !== null && typeof version === "string") {
      this.#session = { id, version };
    }
    return true;
  }

  /** Forwards the notifications for a client of a 2025 version, until the bridge ends. */
  async #follow(): Promise<void> {
    const { signal } = this.#ended;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        const response = await fetch(this.#url, {
          headers: { ...this.#headers(), Accept: "text/event-stream" },
          signal,
        });
        // A server without notifications responds with 405. A server that no longer accepts the token responds with
        // 401.
        if (!response.ok || !response.body) return;
        if (!isFirst) {
          for (const [uri, text] of this.#subscribed) {
            await (await this.#post(text, {}, signal)).text();
            // The resource can have changed while the stream was closed.
            await this.#options.write(updated(uri));
          }
        }
        for await (const data of eventData(response.body)) await this.#options.write(data);
      } catch {
        // Ignored: the loop opens the stream again.
      }
      await pause(reopenPauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #post(
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const until = performance.now() + this.#options.retryForMs;
    for (;;) {
      try {
        return await fetch(this.#url, {
          method: "POST",
          headers: {
            ...this.#headers(),
            "Content-Type": "application/json",
            Accept: "application/json, text/event-stream",
            ...headers,
          },
          body,
          signal,
        });
      } catch (error) {
        // Only a request that certainly did not reach the server is sent again.
        if (!isRefused(error) || performance.now() >= until) throw error;
        await pause(retryPauseMs, undefined, { signal });
      }
    }
  }

  get #url(): string {
    return `${this.#options.url.replace(/\/+$/, "")}/mcp`;
  }

  #headers(): Record<string, string> {
    const { token, agent } = this.#options;
    return {
      Authorization: `Bearer ${token}`,
      ...(agent === undefined ? {} : { "Baton-Agent": agent }),
      ...(this.#session
        ? { "Mcp-Session-Id": this.#session.id, "MCP-Protocol-Version": this.#session.version }
        : {}),
    };
  }

  /** Names the server that refused the token, and the variable to change. */
  #aboutToken(why: string): string {
    const named = why.replace(
      " is not known here.",
      ` is not known by Baton at ${this.#options.url}.`,
    );
    return `${named} Set BATON_TOKEN in the client's configuration.`;
  }

  #why(error: unknown): string {
    if (isRefused(error)) {
      return `No server responds at ${this.#options.url}. Start the server with: baton serve. Or set BATON_URL.`;
    }
    const failure = tlsFailure(error);
    if (failure !== null) return `${this.#options.url} cannot be reached: ${failure}`;
    return `The connection to ${this.#options.url} was lost. Call again. A write can have been committed.`;
  }

  #writeError(
    id: string | number | null,
    code: number,
    message: string,
    error: object = {},
  ): Promise<void> {
    const written = { jsonrpc: "2.0", id, error: { ...error, code, message } };
    return this.#options.write(JSON.stringify(written));
  }
}

function updated(uri: string): string {
  const method = "notifications/resources/updated";
  return JSON.stringify({ jsonrpc: "2.0", method, params: { uri } });
}

function isRefused(error: unknown): boolean {
  const cause = (error as { cause?: { code?: unknown; errors?: { code?: unknown }[] } }).cause;
  const codes = [cause?.code, ...(cause?.errors ?? []).map(({ code }) => code)];
  return codes.some((code) => code === "ECONNREFUSED" || code === "ENOTFOUND");
}

/** Why TLS was not established, so that the server has not received the request; null if this is another error. */
function tlsFailure(error: unknown): string | null {
  const { code, message } = (error as { cause?: { code?: string; message?: string } }).cause ?? {};
  if (code === withoutTls) return "the server does not use HTTPS. Set BATON_URL.";
  return message !== undefined && /\bcertificate\b/.test(message)
    ? `${message}. ${certificateHint}`
    : null;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
