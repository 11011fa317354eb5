import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { BatonError } from "../errors.ts";

/**
 * Reads a request's body.
 * @throws PAYLOAD_TOO_LARGE before more than the bound is read; what Node says when the client breaks off
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = () => {
      request.off("data", take);
      request.pause();
      reject(
        new BatonError(
          "PAYLOAD_TOO_LARGE",
          `A request may have ${maxBytes} bytes. Send less at once.`,
          { limit: "maxBodyBytes", max: maxBytes },
        ),
      );
    };
    if (request.destroyed) return reject(new Error("The client has gone."));
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return refuse();
    const chunks: Buffer[] = [];
    let bytes = 0;
    function take(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > maxBytes) return refuse();
      chunks.push(chunk);
    }
    request.on("data", take);
    request.once("end", () => resolve(joined(chunks)));
    request.once("error", reject);
  });
}

/** @throws BAD_USER_INPUT unless the body is UTF-8 */
export function textOf(body: Buffer): string {
  if (!isUtf8(body)) {
    throw new BatonError("BAD_USER_INPUT", "The request's body is not JSON in UTF-8.");
  }
  const text = body.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Most bodies come in one chunk. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks);
}
