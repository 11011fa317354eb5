import { randomUUID } from "node:crypto";

// In the 2025 versions of the protocol, a client sends its name only once, when it connects. The session ID contains
// the name, so that every instance can read it, and none has to store it. The ID is not a secret and proves nothing: a
// caller can send any name, and is authenticated only by its token.

/** @param clientName empty if the client sent no name */
export function sessionIdOf(clientName: string): string {
  return `${randomUUID()}.${Buffer.from(clientName).toString("base64url")}`;
}

/** The client's name in a session ID; null if it contains none. */
export function clientNameOf(sessionId: string | null): string | null {
  const name = /^[0-9a-f-]{36}\.([\w-]{0,4000})$/.exec(sessionId ?? "")?.[1];
  return name ? Buffer.from(name, "base64url").toString("utf8") : null;
}
