import type { WebSocket } from "ws";

/** What `ws` keeps of the message that arrives on a socket. */
interface Receiver {
  /** The received bytes of the current frame. */
  _buffers: Buffer[];
  _bufferedBytes: number;
  /** The complete frames of the current message. */
  _fragments: Buffer[];
  _messageLength: number;
}

/** The shortest parts that are kept, on average, after the first 64. A buffer uses up to 400 bytes in addition. */
const shortestPart = 1_024;
const fewParts = 64;
/** `ws` takes the parts of a frame from the front of an array, which is slow if there are many thousands. */
const manyParts = 4_096;

/** @returns a function that joins the parts of an incomplete message, if they are many for its size */
export function compactorOf(socket: WebSocket): () => void {
  const { _receiver: receiver } = socket as { readonly _receiver?: Receiver };
  if (!receiver?._buffers || !receiver._fragments) throw new Error("ws keeps messages elsewhere.");
  return () => {
    if (isMany(receiver._buffers, receiver._bufferedBytes)) {
      receiver._buffers = [Buffer.concat(receiver._buffers)];
    }
    if (isMany(receiver._fragments, receiver._messageLength)) {
      receiver._fragments = [Buffer.concat(receiver._fragments)];
    }
  };
}

/** The bound grows with the size, so that joining copies about 1 KiB for each part. */
function isMany({ length }: readonly Buffer[], bytes: number): boolean {
  return length > fewParts && length > Math.min(manyParts, fewParts + bytes / shortestPart);
}
