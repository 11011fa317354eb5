import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { isLoopHeld, nextTurn, nobody } from "./event-loop.ts";

/**
 * Lets TLS handshakes take turns with other work. In each, the server computes a signature, which takes up to a
 * millisecond, and anyone can begin hundreds at the same time. So a connection is passed to Node's TLS only when its first
 * bytes have arrived, in a turn of the event loop.
 * @param timeoutMs how long a connection can wait for its first bytes
 */
export function takeHandshakesInTurns(server: HttpsServer, timeoutMs: number): void {
  const [begin] = server.listeners("connection") as ((socket: Socket) => void)[];
  if (!begin) throw new Error("Node's HTTPS server does not listen to its connections.");
  server.off("connection", begin);
  server.on("connection", (socket: Socket) => {
    const close = () => socket.destroy();
    // An error without a listener would end the process.
    socket.on("error", close);
    socket.setTimeout(timeoutMs, close);
    socket.once("readable", async () => {
      if (isLoopHeld()) await nextTurn(nobody);
      socket.setTimeout(0, close);
      if (socket.readableLength === 0) close();
      if (!socket.destroyed) begin.call(server, socket);
    });
  });
}
