import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "../auth/authenticator.ts";

/** Reads the token, and the agent's name, from a request's headers. */
export function headerCredentials(headers: IncomingHttpHeaders): Credentials {
  const agent = headers["baton-agent"];
  return {
    authorization: headers.authorization,
    agent: typeof agent === "string" && agent !== "" ? decodeHeader(agent) : undefined,
  };
}

/**
 * Reads them from a socket: what the client said as it connected (`authorization`, or `token`, and `agent`), else the
 * headers that GraphiQL and others put into each operation, else those of the socket's own request.
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

/** Node reads header bytes as Latin-1; a name beyond ASCII was most likely sent as UTF-8. */
function decodeHeader(value: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
