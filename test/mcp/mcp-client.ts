import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/** The protocol's versions: the stateless one, and those of 2025. */
export const eras = ["2026-07-28", "2025"] as const;
export type Era = (typeof eras)[number];

export interface McpClientOptions {
  readonly era?: Era;
  /** The client's name. It is the agent name if the token names no agent. */
  readonly name?: string;
  readonly headers?: Record<string, string>;
}

/** The result of a tool. */
export interface Answered {
  /** The structured result. */
  readonly result: Record<string, any>;
  readonly isError: boolean;
  /** The result as text, exactly as it was sent. */
  readonly text: string;
}

/** The protocol's own client, connected to `/mcp`. */
export class McpClient implements AsyncDisposable {
  readonly client: Client;

  constructor({ era = "2026-07-28", name = "tester" }: McpClientOptions = {}) {
    this.client = new Client(
      { name, version: "1.0.0" },
      { versionNegotiation: { mode: era === "2025" ? "legacy" : { pin: era } } },
    );
  }

  static async connect(
    server: { readonly url: string; readonly token: string },
    options: McpClientOptions = {},
  ): Promise<McpClient> {
    const connected = new McpClient(options);
    const headers = { authorization: `Bearer ${server.token}`, ...options.headers };
    await connected.client.connect(
      new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } }),
    );
    return connected;
  }

  async answer(
    tool: string,
    args: Record<string, unknown> = {},
    signal?: AbortSignal,
  ): Promise<Answered> {
    const call = { name: `baton_${tool}`, arguments: args };
    const answer = await this.client.callTool(call, signal ? { signal } : {});
    const [content] = answer.content as readonly { readonly text: string }[];
    return {
      result: answer.structuredContent as Record<string, any>,
      isError: answer.isError === true,
      text: content?.text ?? "",
    };
  }

  /** Calls a tool, and throws if it fails. */
  async call(tool: string, args: Record<string, unknown> = {}): Promise<Record<string, any>> {
    const { result, isError, text } = await this.answer(tool, args);
    if (isError) throw new Error(text);
    return result;
  }

  /** Calls a tool, and throws if it is not refused. */
  async refused(tool: string, args: Record<string, unknown> = {}): Promise<Record<string, any>> {
    const { result, isError, text } = await this.answer(tool, args);
    if (!isError) throw new Error(`The call was not refused, but returned ${text}.`);
    return result.error as Record<string, any>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
