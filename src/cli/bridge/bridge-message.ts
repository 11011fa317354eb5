/** The parts of a client's message that the bridge reads. */
export interface BridgeMessage {
  /** The message, exactly as it was received. It is forwarded unchanged. */
  readonly text: string;
  /** Undefined in a notification. */
  readonly id: string | number | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The version in a request of the stateless protocol. Undefined in the versions of 2025. */
  readonly protocolVersion: string | undefined;
}

const versionKey = "io.modelcontextprotocol/protocolVersion";

/** @returns null if the text is not a JSON-RPC message */
export function readBridgeMessage(text: string): BridgeMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(message)) return null;
  const { id, method } = message;
  const params = isRecord(message.params) ? message.params : {};
  const meta = isRecord(params._meta) ? params._meta : {};
  const version = meta[versionKey];
  return {
    text,
    id: typeof id === "string" || typeof id === "number" ? id : undefined,
    method: typeof method === "string" ? method : "",
    params,
    protocolVersion: typeof version === "string" ? version : undefined,
  };
}

/** The headers that the stateless protocol requires. They repeat parts of the message. */
export function standardHeaders(message: BridgeMessage): Record<string, string> {
  const { method, params, protocolVersion } = message;
  if (protocolVersion === undefined) return {};
  const name = params[method === "resources/read" ? "uri" : "name"];
  return {
    "MCP-Protocol-Version": protocolVersion,
    "Mcp-Method": method,
    ...(typeof name === "string" ? { "Mcp-Name": headerValue(name) } : {}),
  };
}

/** Text that a header cannot carry is sent as base64, as the protocol specifies. */
function headerValue(text: string): string {
  const isPlain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
  return isPlain && !text.startsWith("=?base64?")
    ? text
    : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
