import type { ServerResponse } from "node:http";
import type { TextParts } from "../json/write-long-json.ts";
import type { Steps } from "../json/long-value-parts.ts";
import { inSteps } from "../in-steps.ts";

/** A connection whose client reads nothing for this time is destroyed, and its memory is released. */
const unreadMs = 20_000;

export interface LongText {
  readonly parts: TextParts;
  /** The user that receives the text. */
  readonly userId: string;
}

/**
 * Sends a long text in steps, with turns for other users between them. Resolves when the system has accepted the whole
 * text, or the connection is closed.
 */
export async function sendParts(
  response: ServerResponse,
  status: number,
  headers: string[],
  { parts, userId }: LongText,
): Promise<void> {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    headers.push("Content-Length", String(Buffer.byteLength(only)));
    response.writeHead(status, headers).end(only);
    return;
  }
  const chunks = await inSteps(encode(parts), userId);
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  headers.push("Content-Length", String(bytes));
  response.writeHead(status, headers);
  for (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await taken(response);
  }
  response.end();
}

/** Encodes the parts in UTF-8. */
export function* encode(parts: TextParts): Steps<Buffer[]> {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    chunks.push(Buffer.from(part));
    yield;
  }
  return chunks;
}

function taken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done).off("close", done);
      resolve();
    };
    const timer = setTimeout(() => response.destroy(), unreadMs);
    response.once("drain", done).once("close", done);
  });
}
