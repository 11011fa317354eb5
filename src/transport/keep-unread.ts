import type { IncomingMessage } from "node:http";
import { ReceivedBytes } from "./received-bytes.ts";

/**
 * Keeps in few blocks what arrives of a body that is not read yet. Node would keep a buffer for each of its chunks, which
 * can have one byte. The client can send as much as before.
 * @returns a function to be called before the body is read
 */
export function keepUnread(request: IncomingMessage): () => void {
  const kept = new ReceivedBytes();
  let hasEnded = false;
  request.push = (chunk: Buffer | null) => {
    if (chunk === null) hasEnded = true;
    else kept.add(chunk);
    return kept.length + request.readableLength < request.readableHighWaterMark;
  };
  return () => {
    Reflect.deleteProperty(request, "push");
    for (const block of kept.take()) request.push(block);
    if (hasEnded) request.push(null);
  };
}
