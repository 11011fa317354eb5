import type { IncomingMessage, ServerResponse } from "node:http";
import { BatonError } from "../errors.ts";
import { ReceivedBytes } from "../received-bytes.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import type { Viewer } from "../store/model/viewer.ts";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { HttpRefusal } from "./http-refusal.ts";
import { slowestPace, type Pace } from "./slowest-pace.ts";

export interface BodyOptions {
  /** The response. When it ends, the memory of the body is released. */
  readonly response: ServerResponse;
  readonly maxBytes: number;
  readonly memory: SharedMemory;
  /** The caller, whose bytes per second it counts for, and whose user's share of the memory it uses. */
  readonly viewer: Viewer;
  readonly bounds: CallBounds;
  /** Default: `slowestPace`. */
  readonly pace?: Pace;
}

/** A body is in memory twice: as bytes, and as text. */
const copies = 2;

/**
 * Reads the body of a request:
 *
 * 1. A body is not read while the caller's bytes per second are exceeded. A declared length counts immediately, so that
 *    simultaneous bodies count too; otherwise bytes count as they arrive.
 * 2. A body that is longer than the bound is refused: before it is read or counted, if its length is declared.
 * 3. Its memory is counted as its bytes arrive, because a client can declare a length and never send it. It includes the
 *    memory of the text. The first 64 KiB are not counted.
 * 4. If the memory has no room, the body is not read further until it has room for the whole body. So a body waits only
 *    once. Bodies that wait for each other end with the first that is refused: its memory is released immediately.
 * 5. A body that is slower than `pace` is refused.
 *
 * Resolves to the blocks of the body, for `textOf`.
 * @throws PAYLOAD_TOO_LARGE; RATE_LIMITED; HttpRefusal if it is too slow; Node's error if the client disconnects
 */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<Buffer[]> {
  const { response, maxBytes, memory, viewer, bounds, pace = slowestPace } = options;
  const { userId } = viewer;
  const declared = request.headers["content-length"];
  const declaredBytes = Number(declared ?? maxBytes);
  if (declaredBytes <= maxBytes) {
    bounds.receive(viewer, declared === undefined ? 0 : declaredBytes);
  }
  return new Promise((resolve, reject) => {
    const received = new ReceivedBytes();
    let bytes = 0;
    let heldBytes = 0;
    let isReleased = false;
    const release = () => {
      isReleased = true;
      if (heldBytes > 0) memory.remove(userId, heldBytes);
      heldBytes = 0;
    };
    const refuse = (problem: Error) => {
      stopPacing();
      request.off("data", take).pause();
      received.clear();
      release();
      reject(problem);
    };
    let seenBytes = 0;
    const checkPace = () => {
      if (request.isPaused()) return;
      if (bytes - seenBytes < pace.bytesPerPeriod) refuse(tooSlow(pace));
      seenBytes = bytes;
    };
    let pacing: NodeJS.Timeout | undefined;
    // Most bodies are complete by then, and need no timer.
    const begin = setImmediate(() => (pacing = setInterval(checkPace, pace.periodMs)));
    function stopPacing(): void {
      clearImmediate(begin);
      clearInterval(pacing);
    }
    if (request.destroyed || response.destroyed)
      return refuse(new Error("The client disconnected."));
    if (declaredBytes > maxBytes) return refuse(tooLarge(maxBytes));

    function take(chunk: Buffer): void {
      bytes += chunk.length;
      if (declared === undefined) bounds.count(viewer, chunk.length);
      if (bytes > maxBytes) return refuse(tooLarge(maxBytes));
      received.add(chunk);
      if (copies * bytes > heldBytes && bytes > smallBytes && !isReleased) hold();
    }
    function hold(): void {
      if (heldBytes === 0) response.once("close", release);
      const moreBytes = copies * bytes - heldBytes;
      if (memory.tryReserve(userId, moreBytes, heldBytes)) heldBytes += moreBytes;
      else void waitForRoom();
    }
    async function waitForRoom(): Promise<void> {
      request.pause();
      const moreBytes = copies * declaredBytes - heldBytes;
      try {
        await memory.reserve(userId, moreBytes, heldBytes);
      } catch (error) {
        return refuse(error as Error);
      }
      if (isReleased) return memory.remove(userId, moreBytes);
      heldBytes += moreBytes;
      pacing?.refresh();
      request.resume();
    }
    request.on("data", take);
    request.once("end", () => {
      stopPacing();
      resolve(received.take());
    });
    request.once("error", refuse);
  });
}

function tooSlow({ periodMs, bytesPerPeriod }: Pace): HttpRefusal {
  return new HttpRefusal(
    408,
    `The body arrived too slowly: at least ${bytesPerPeriod} bytes must arrive every ${periodMs / 1_000} seconds. Send the request again.`,
    { Connection: "close" },
  );
}

function tooLarge(maxBytes: number): BatonError {
  return new BatonError(
    "PAYLOAD_TOO_LARGE",
    `A request can have at most ${maxBytes} bytes. Send several smaller requests.`,
    { limit: "maxBodyBytes", max: maxBytes },
  );
}

/**
 * The text of a body. A long one is decoded in steps, with other work between them.
 * @throws BAD_USER_INPUT unless the body is UTF-8
 */
export async function textOf(body: Buffer[], who: string): Promise<string> {
  const text = await decodeUtf8(body, who);
  if (text === null) {
    throw new BatonError("BAD_USER_INPUT", "The request's body is not JSON in UTF-8.");
  }
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
