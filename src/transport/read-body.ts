import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BatonError } from "../errors.ts";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";

export interface BodyOptions {
  /** The response. When it ends, the memory of the body is released. */
  readonly response: ServerResponse;
  readonly maxBytes: number;
  readonly memory: SharedMemory;
  /** The user whose share of the memory it uses. */
  readonly userId: string;
}

/** A body is in memory twice: as bytes, and as text. */
const copies = 2;

/**
 * Reads the body of a request. A large body waits until the memory has room for it.
 * @throws PAYLOAD_TOO_LARGE before more than the bound is read; RATE_LIMITED; Node's error if the client disconnects
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

/** @param holdMore waits for room, if the size is not known in advance */
function read(
  request: IncomingMessage,
  maxBytes: number,
  holdMore: ((bytes: number) => Promise<void>) | null,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = (problem: Error) => {
      request.off("data", take);
      request.pause();
      reject(problem);
    };
    if (request.destroyed) return reject(new Error("The client disconnected."));
    const chunks: Buffer[] = [];
    let bytes = 0;
    let heldBytes = holdMore === null ? Infinity : smallBytes;
    function take(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > maxBytes) return refuse(tooLarge(maxBytes));
      chunks.push(chunk);
      if (bytes > heldBytes) grow();
    }
    /** Reserves as much memory again as there is. */
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
    `A request can have at most ${maxBytes} bytes. Send several smaller requests.`,
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
