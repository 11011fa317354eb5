import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BatonError } from "../errors.ts";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";

export interface BodyOptions {
  /** Its answer: when that is over, nothing of the body is held any more. */
  readonly response: ServerResponse;
  readonly maxBytes: number;
  readonly memory: SharedMemory;
  /** Whose share of the memory holds it. */
  readonly userId: string;
}

/** A body is there as bytes, and as the text of what is read of it. */
const copies = 2;

/**
 * Reads a request's body. A large one waits until there is room in the memory for it.
 * @throws PAYLOAD_TOO_LARGE before more than the bound is read; RATE_LIMITED; what Node says when the client breaks off
 */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<Buffer> {
  const { maxBytes } = options;
  const declared = request.headers["content-length"];
  if (declared === undefined) return read(request, maxBytes, (bytes) => hold(options, bytes));
  const bytes = Number(declared);
  if (bytes <= smallBytes) return read(request, maxBytes, null);
  if (bytes > maxBytes) {
    request.pause();
    return Promise.reject(tooLarge(maxBytes));
  }
  return hold(options, bytes).then(() => read(request, maxBytes, null));
}

async function hold({ response, memory, userId }: BodyOptions, bytes: number): Promise<void> {
  await memory.reserve(userId, copies * bytes);
  const release = () => memory.remove(userId, copies * bytes);
  if (response.destroyed) release();
  else response.once("close", release);
}

/** @param holdMore waits for room, where the size was not told */
function read(
  request: IncomingMessage,
  maxBytes: number,
  holdMore: ((bytes: number) => Promise<void>) | null,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = (fault: Error) => {
      request.off("data", take);
      request.pause();
      reject(fault);
    };
    if (request.destroyed) return reject(new Error("The client has gone."));
    const chunks: Buffer[] = [];
    let bytes = 0;
    let heldBytes = holdMore === null ? Infinity : smallBytes;
    function take(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > maxBytes) return refuse(tooLarge(maxBytes));
      chunks.push(chunk);
      if (bytes > heldBytes) grow();
    }
    /** Holds as much again as there is. */
    function grow(): void {
      const more = Math.max(smallBytes, bytes);
      heldBytes += more;
      request.pause();
      holdMore?.(more).then(() => request.resume(), refuse);
    }
    request.on("data", take);
    request.once("end", () => resolve(joined(chunks)));
    request.once("error", reject);
  });
}

function tooLarge(maxBytes: number): BatonError {
  return new BatonError(
    "PAYLOAD_TOO_LARGE",
    `A request may have ${maxBytes} bytes. Send less at once.`,
    { limit: "maxBodyBytes", max: maxBytes },
  );
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
