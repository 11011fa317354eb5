import { randomUUID } from "node:crypto";

// The 2025 versions of the protocol say who the client is only once, as it connects. The session that it is then given
// carries the name: so any instance can read it, and none keeps it. It is no secret, and proves nothing: a caller may give
// any name, and is known by its token alone.

/** @param clientName empty where it gave none */
export function sessionIdOf(clientName: string): string {
  return `${randomUUID()}.${Buffer.from(clientName).toString("base64url")}`;
}

/** The client's name; null where it is not in there. */
export function clientNameOf(sessionId: string | null): string | null {
  const name = /^[0-9a-f-]{36}\.([\w-]{0,4000})$/.exec(sessionId ?? "")?.[1];
  return name ? Buffer.from(name, "base64url").toString("utf8") : null;
}
