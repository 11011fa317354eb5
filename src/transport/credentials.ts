import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "../auth/authenticator.ts";

/** Reads the token and the agent name from the headers of a request. */
export function headerCredentials(headers: IncomingHttpHeaders): Credentials {
  const agent = headers["baton-agent"];
  return {
    authorization: headers.authorization,
    agent: typeof agent === "string" && agent !== "" ? decodeHeader(agent) : undefined,
  };
}

/**
 * Reads the token and the agent name of a socket. The first of these sources that has them counts:
 *
 * 1. the parameters of `connection_init`: `authorization` or `token`, and `agent`;
 * 2. the headers that GraphiQL and other clients put into each operation;
 * 3. the headers of the request that opened the socket.
 */
export function socketCredentials(
  connectionParams: Readonly<Record<string, unknown>> | undefined,
  extensions: unknown,
  headers: IncomingHttpHeaders,
): Credentials {
  const params = lowerCased(connectionParams);
  const sent = lowerCased(lowerCased(extensions).headers);
  const own = headerCredentials(headers);
  const token = text(params.token);
  return {
    authorization:
      text(params.authorization) ??
      (token === undefined ? undefined : `Bearer ${token}`) ??
      text(sent.authorization) ??
      own.authorization,
    agent:
      text(params.agent) ?? text(params["baton-agent"]) ?? text(sent["baton-agent"]) ?? own.agent,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function lowerCased(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name.toLowerCase(), item]),
  );
}

/** Node decodes headers as Latin-1, but a name with other characters than ASCII was most likely sent as UTF-8. */
function decodeHeader(value: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
