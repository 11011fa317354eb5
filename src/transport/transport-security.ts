import { TLSSocket } from "node:tls";
import type { Duplex } from "node:stream";

/** The value of the header `Strict-Transport-Security`: a server with TLS instructs browsers to use only TLS. */
export const transportSecurity = "max-age=31536000";

/** Whether a connection to this server uses TLS. It can use TLS only up to a proxy, and then it does not here. */
export function isEncrypted(connection: Duplex): boolean {
  return connection instanceof TLSSocket;
}
